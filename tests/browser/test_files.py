"""Files in open pages: attached, sent, seen by others, viewed; and without scripts."""

import base64
import io
import re
import uuid

import requests
from PIL import Image
from playwright.sync_api import expect

from tests.support.browser.people import PHONE, come_true, message, post
from tests.support.clients.cast import rest

AT_BOTTOM = "log => log.scrollHeight - log.scrollTop - log.clientHeight < 2"
# Has an element receive an event as a drop or a paste brings it: files as [name, type, base64], and texts by type.
RECEIVE = """(element, [kind, files, texts]) => {
    const transfer = new DataTransfer()
    for (const [name, type, data] of files) {
        transfer.items.add(new File([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))], name, { type }))
    }
    for (const [type, text] of Object.entries(texts)) transfer.setData(type, text)
    const about = { dataTransfer: transfer, clipboardData: transfer, bubbles: true, cancelable: true }
    element.dispatchEvent(kind === "paste" ? new ClipboardEvent(kind, about) : new DragEvent(kind, about))
}"""
HEIGHT = "row => row.getBoundingClientRect().height"


def picture(colour, size=(900, 600)):
    found = io.BytesIO()
    Image.new("RGB", size, colour).save(found, "PNG")
    return base64.b64encode(found.getvalue()).decode()


def files(*names):
    return [[name, "image/png", picture((40 * place, 90, 160))] for place, name in enumerate(names)]


def tile(page, name):
    return page.locator(".composer .upload", has_text=name)


def done(page, *names):
    for name in names:
        expect(tile(page, name)).to_have_attribute("data-state", "done")


def test_files_are_attached_sent_seen_and_viewed(visit, server, room):
    post(server, "owner", room, "\n\n".join(f"line {number}" for number in range(30)))
    page, other = visit("owner", f"/chat/{room}"), visit("member", f"/chat/{room}")
    visit.expected |= {415}
    other.locator(".log").evaluate("log => (log.scrollTop = log.scrollHeight)")
    field = page.locator("#composer-body")

    # Dropped, where the target shows; each upload held up by the network until the page has shown it.
    held = []
    page.route("**/file?*", lambda route: held.append(route) if len(held) < 2 else route.continue_())
    main = page.locator("#main")
    main.evaluate(RECEIVE, ["dragenter", files("a.png"), {}])
    expect(page.get_by_text("Drop files to attach them")).to_be_visible()
    main.evaluate(RECEIVE, ["drop", files("left.png", "right.png", "third.png"), {}])
    expect(page.get_by_text("Drop files to attach them")).to_be_hidden()
    expect(tile(page, "right.png")).to_have_attribute("data-state", re.compile("sending|processing"))
    # Two at a time.
    expect(tile(page, "third.png")).to_have_attribute("data-state", "waiting")
    tile(page, "third.png").get_by_role("button", name="away").click()
    expect(tile(page, "third.png")).to_have_count(0)
    expect(tile(page, "right.png").get_by_role("button", name="away")).to_be_focused()
    # One is let go, the other breaks off and is tried again by itself.
    come_true(page, lambda: len(held) == 2)
    held[0].continue_()
    done(page, "left.png")
    held[1].abort()
    done(page, "right.png")
    page.unroute("**/file?*")

    # Pasted: a picture alone, and those of a text out of a word processor. What another than the server answers is no file.
    page.route("**/file?*", lambda route: route.fulfill(body="<p>Welcome to the train's network"), times=1)
    field.evaluate(RECEIVE, ["paste", files("pasted.png"), {}])
    digits = base64.b64decode(picture((9, 9, 9), (40, 30))).hex()
    texts = {"text/plain": "Words", "text/rtf": f"{{\\rtf1{{\\pict\\pngblip\n{digits}}}}}"}
    field.evaluate(RECEIVE, ["paste", files("of-the-text.png"), texts])
    done(page, "pasted.png", "picture-1.png")
    expect(tile(page, "of-the-text.png")).to_have_count(0)
    # What is refused says why, by the page or by the server; and the message doesn't go without a word.
    page.locator("#composer-files").set_input_files(
        [{"name": "broken.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\nno more"}]
    )
    expect(tile(page, "broken.png")).to_contain_text("damaged")
    field.fill("Both sides")
    field.press("Enter")
    expect(page.locator("#composer .composer-error")).to_contain_text("A file can't be sent")
    tile(page, "broken.png").get_by_role("button", name="away").click()

    # Words for who can't see it, after the upload.
    tile(page, "left.png").get_by_role("button", name="say what").click()
    page.locator("#alt-text").fill("The guard from the left")
    page.get_by_role("button", name="Save").click()
    expect(tile(page, "left.png").get_by_role("button", name="say what")).to_have_attribute(
        "aria-pressed", "true"
    )
    done(page, "left.png")

    # Sent while the connection is away: once, with its files, in their order; a reload loses nothing of it.
    page.context.set_offline(True)
    field.press("Enter")
    expect(page.locator(".pending .upload")).to_have_count(4)
    page.context.set_offline(False)
    page.reload()
    expect(message(page, "Both sides").locator(".picture-image")).to_have_count(4)
    expect(page.locator(".pending .message")).to_have_count(0)
    row = message(other, "Both sides")
    expect(row.locator(".picture-image")).to_have_count(4)
    names = row.locator(".picture").evaluate_all("all => all.map((one) => one.dataset.name)")
    assert names == ["left.png", "right.png", "pasted.png", "picture-1.png"]
    assert row.locator("img.picture-image").first.get_attribute("alt") == "The guard from the left"
    expect(other.locator("#announcer")).to_contain_text("picture The guard from the left")

    # Nothing jumps: as high before its pictures are there as after, and the reader stays at the end.
    before = row.evaluate(HEIGHT)
    row.locator(".picture-image").first.evaluate("image => image.decode()")
    assert row.evaluate(HEIGHT) == before
    assert other.locator(".log").evaluate(AT_BOTTOM)
    said = rest(server, server.tokens["member"], "GET", f"/message?room={room}&limit=10").json()["results"]
    assert [len(each["files"]) for each in said] == [4, 0]

    # The viewer: by keys, and back to where one was.
    row.locator(".picture").nth(1).click()
    viewer = other.locator("#viewer")
    expect(viewer.locator("[data-part=name]")).to_have_text("right.png")
    expect(viewer.locator("[data-part=place]")).to_have_text("2 of 4")
    other.keyboard.press("ArrowLeft")
    expect(viewer.locator("[data-part=alt]")).to_have_text("The guard from the left")
    expect(viewer.locator("[aria-live]")).to_have_text("1 of 4: The guard from the left")
    expect(viewer.locator("img[data-part=image][data-loaded]")).to_be_visible()
    other.keyboard.press("+")
    expect(viewer.locator("img[data-part=image]")).to_have_attribute("style", re.compile(r"scale\(1\.5\)"))
    other.keyboard.press("0")
    expect(viewer.locator("img[data-part=image]")).to_have_attribute("style", re.compile(r"scale\(1\)"))
    with other.expect_download() as download:
        other.keyboard.press("d")
    assert download.value.suggested_filename == "left.png"
    # The keys go on behind a button that ends with the last picture.
    for _ in range(3):
        viewer.locator("[data-part=next]").click()
    expect(viewer.locator("[data-part=place]")).to_have_text("4 of 4")
    other.wait_for_timeout(50)
    other.keyboard.press("ArrowLeft")
    expect(viewer.locator("[data-part=place]")).to_have_text("3 of 4")
    other.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(row.locator(".picture").nth(1)).to_be_focused()

    # Deleted, it is gone from the open page, and its quote says so.
    [answered] = [each for each in said if each["files"]]
    post(server, "member", room, "Which one?", reply_to=answered["id"])
    rest(server, server.tokens["owner"], "DELETE", f"/message/{answered['id']}")
    expect(other.locator(".picture")).to_have_count(0)
    expect(message(other, "Which one?").locator("[data-part=quote-body]")).to_have_text("message deleted")

    # What one tab still uploads waits in the other, too, which doesn't call it lost, and neither uploads nor sends it.
    page.route("**/file?*", lambda route: held.append(route))
    page.locator("#composer-files").set_input_files(
        [{"name": "last.png", "mimeType": "image/png", "buffer": base64.b64decode(picture("red"))}]
    )
    field.fill("From the first tab")
    field.press("Enter")
    expect(page.locator(".pending .upload[data-state=sending]")).to_have_count(1)
    tab = page.context.new_page()
    tab.goto(page.url)
    expect(message(tab, "Which one?")).to_be_visible()
    expect(tab.locator(".pending .message")).to_have_count(1)
    expect(tab.locator(".pending .message")).not_to_contain_text("Not sent")
    held[-1].continue_()
    for each in (page, tab):
        expect(message(each, "From the first tab").locator(".picture")).to_have_count(1)
        expect(each.locator(".pending .message")).to_have_count(0)


def test_on_a_phone_a_swipe_goes_on_and_a_file_alone_is_a_message(visit, server, room):
    page = visit("owner", f"/chat/{room}", **PHONE)
    page.locator("#composer-files").set_input_files(
        [
            {"name": f"{name}.png", "mimeType": "image/png", "buffer": base64.b64decode(picture(1))}
            for name in "ab"
        ]
    )
    done(page, "a.png", "b.png")
    page.get_by_role("button", name="Send").click()
    pictures = page.locator(".messages:not(.pending) .picture")
    expect(pictures).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    pictures.first.tap()
    stage = page.locator(".viewer-stage")
    expect(stage).to_be_visible()
    for kind, x in (("pointerdown", 300), ("pointermove", 200), ("pointerup", 150)):
        stage.dispatch_event(
            kind, {"pointerId": 1, "clientX": x, "clientY": 400, "bubbles": True, "isPrimary": True}
        )
    expect(page.locator("#viewer [data-part=name]")).to_have_text("b.png")


# Half a second of a red square, as the browser records it.
RECORD = """async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 })
  const pen = canvas.getContext("2d")
  const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: "video/webm" })
  const pieces = []
  recorder.ondataavailable = ({ data }) => pieces.push(data)
  recorder.start()
  for (let n = 0; n < 12; n++) {
    pen.fillStyle = `rgb(220, ${n}, 0)`
    pen.fillRect(0, 0, 320, 180)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const over = new Promise((resolve) => (recorder.onstop = resolve))
  recorder.stop()
  await over
  const given = new DataTransfer()
  given.items.add(new File([new Blob(pieces)], "lathe.webm", { type: "video/webm" }))
  const input = document.getElementById("composer-files")
  input.files = given.files
  input.dispatchEvent(new Event("change", { bubbles: true }))
}"""


def test_a_film_has_a_poster_that_the_browser_draws(visit, server, room):
    page, other = visit("owner", f"/chat/{room}"), visit("member", f"/chat/{room}")
    page.evaluate(RECORD)
    done(page, "lathe.webm")
    page.get_by_role("button", name="Send").click()
    film = other.locator(".messages video")
    expect(film).to_have_attribute("poster", re.compile(r"^/file/[0-9a-f-]{36}/preview/small$"))
    assert film.evaluate("film => [film.width, film.height]") == [320, 180]
    drawn = """film => new Promise((resolve) => {
      const image = new Image()
      image.onload = () => resolve([image.naturalWidth, image.naturalHeight])
      image.src = film.poster
    })"""
    assert film.evaluate(drawn) == [320, 180]


def test_without_scripts_the_form_sends_files(visit, server, room):
    page = visit("owner", f"/chat/{room}", java_script_enabled=False)
    page.locator("#composer-body").fill("By the form")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("By the form")).to_be_visible()
    page.locator("#composer-files").set_input_files(
        [
            {"name": "a.png", "mimeType": "image/png", "buffer": base64.b64decode(picture(1))},
            {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"first line"},
        ]
    )
    page.get_by_role("button", name="Send").click()
    box = page.locator(".picture-image").bounding_box()
    assert (box["width"], box["height"]) == (360, 240)
    expect(page.locator(".text-file")).to_contain_text("first line")
    page.get_by_role("link", name="Files of this room").click()
    page.get_by_role("link", name="Texts").click()
    expect(page.get_by_role("link", name="notes.txt", exact=True)).to_be_visible()
    expect(page.locator(".file-row")).to_have_count(1)


def send_picture(server, room, name):
    """Send a picture by REST; return the message's id."""
    about = {"room": room, "client_id": str(uuid.uuid4())}
    said = requests.post(
        f"{server.url}/file",
        data=about,
        files={"file": (name, base64.b64decode(picture("navy")), "image/png")},
        headers={"Authorization": f"Token {server.tokens['owner']}"},
    )
    assert said.status_code == 201, said.text
    return post(server, "owner", room, "", files=[said.json()["id"]])["id"]


def test_the_viewer_goes_on_where_the_page_ends(visit, server, room):
    first = send_picture(server, room, "first.png")
    for number in range(55):
        post(server, "owner", room, f"text {number}")
    send_picture(server, room, "last.png")
    page = visit("owner", f"/chat/{room}")
    viewer = page.locator("#viewer")
    expect(page.locator(".messages:not(.pending) .picture")).to_have_count(1)
    page.locator(".picture[data-name='last.png']").click()
    name, place = viewer.locator("[data-part=name]"), viewer.locator("[data-part=place]")
    # To those of older messages, and back.
    expect(viewer.locator("[data-part=previous]")).to_be_enabled()
    expect(viewer.locator("[data-part=next]")).to_be_disabled()
    page.keyboard.press("ArrowLeft")
    expect(name).to_have_text("first.png")
    expect(place).to_have_text("1 of 2")
    expect(viewer.locator("img[data-part=image][data-loaded]")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(name).to_have_text("last.png")
    # To those of newer messages, from a page of the past.
    page.goto(f"{server.url}/chat/{room}/message/{first}")
    page.locator(".picture[data-name='first.png']").click()
    expect(place).to_have_text("1 of 2")
    page.keyboard.press("ArrowRight")
    expect(name).to_have_text("last.png")
    page.keyboard.press("Escape")
    expect(page.locator(".picture[data-name='first.png']")).to_be_focused()
    # The room's list has the newest first.
    page.goto(f"{server.url}/chat/{room}/files?kind=picture")
    page.locator(".picture[data-name='last.png']").click()
    expect(place).to_have_text("1 of 2")
