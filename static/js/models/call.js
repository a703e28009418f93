// As `messaging.rendering.names` reads a name: not after an ASCII letter, digit or sign of one.
const CALL = /(?<![A-Za-z0-9_.@-])[@\uff20](room|here)(?![A-Za-z0-9_@\uff20-])/i
const CODE = /```[\s\S]*?(?:```|$)|`[^`\n]*`/g

/** "room" or "here" if the text calls everybody, outside of code; otherwise null. */
export function callIn(text) {
  return CALL.exec(text.replace(CODE, " "))?.[1].toLowerCase() ?? null
}
