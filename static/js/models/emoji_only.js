const MOST_CHARACTERS = 60
const PATTERN = compile()

/** Whether a text is up to three emoji and nothing else, which are shown large; `messaging/rendering` follows the same rule. */
export function isEmojiOnly(text) {
  return text.length <= MOST_CHARACTERS && Boolean(PATTERN?.test(text))
}

/** Browsers of before 2023 can't read it: there the server's rendering makes them large, a moment later. */
function compile() {
  try {
    return new RegExp("^\\s*(?:\\p{RGI_Emoji}\\s*){1,3}$", "v")
  } catch {
    return null
  }
}
