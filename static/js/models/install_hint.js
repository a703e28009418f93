// A first visit is no moment to ask.
const FROM_VISIT = 2

/**
 * How this browser installs the site: "prompt" where it can be asked to, else words that say where the browser has it; null
 * for none. `canPrompt` says that the browser has offered it.
 */
export function installHint({ userAgent, touch, canPrompt, standalone, dismissed, visits }) {
  if (standalone || dismissed || visits < FROM_VISIT) return null
  if (canPrompt) return "prompt"
  const isApple = /iPhone|iPad/.test(userAgent) || (/Macintosh/.test(userAgent) && touch)
  if (isApple) return "Tap Share, then Add to Home Screen, to have this as an app."
  if (/Android/.test(userAgent) && /Firefox/.test(userAgent)) return "Open the menu, then Add app to Home screen, to have this as an app."
  if (/Macintosh/.test(userAgent) && /Version\/(1[7-9]|[2-9]\d).*Safari/.test(userAgent)) return "Choose File, then Add to Dock, to have this as an app."
  return null
}
