// Builds the message of docs/protocol.md, so that all servers send the same bytes.
const numbers = new Map();

export function messageFor(user, { room, body, client_id }) {
  const seq = (numbers.get(room) ?? 0) + 1;
  numbers.set(room, seq);
  return {
    id: seq,
    room,
    seq,
    sender: { username: user.username, display_name: user.username, avatar: { initials: "BE", color: 3, url: null } },
    body,
    html: `<p>${body}</p>`,
    client_id,
    created_at: new Date().toISOString(),
    edited_at: null,
    deleted: false,
    reply_to: null,
    reactions: [],
    files: [],
    previews: [],
    forwarded: null,
  };
}
