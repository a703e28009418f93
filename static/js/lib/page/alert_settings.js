import { SOUNDS } from "../../models/alerts.js"
import { me } from "./me.js"
import { storage } from "./storage.js"

const SECONDS = 0.35
const VOLUME = 0.15

/** What this browser does when its person is told of something: kept by account, as several may use it. */
export const alertSettings = {
  get on() {
    return storage.getItem(`alerts-${me}`) === "on"
  },
  set on(on) {
    storage.setItem(`alerts-${me}`, on ? "on" : "off")
  },
  get sound() {
    const kept = storage.getItem(`alert-sound-${me}`)
    return kept in SOUNDS ? kept : "knock"
  },
  set sound(name) {
    storage.setItem(`alert-sound-${me}`, name)
  },
}

/** Plays a sound of SOUNDS. A browser that wants a click first stays silent. */
export function play(name) {
  const notes = SOUNDS[name] ?? []
  if (!notes.length || !globalThis.AudioContext) return
  const audio = new AudioContext()
  for (const [hertz, start] of notes) {
    const [tone, volume] = [audio.createOscillator(), audio.createGain()]
    tone.frequency.value = hertz
    const begin = audio.currentTime + start
    volume.gain.setValueAtTime(VOLUME, begin)
    volume.gain.exponentialRampToValueAtTime(0.001, begin + SECONDS)
    tone.connect(volume).connect(audio.destination)
    tone.start(begin)
    tone.stop(begin + SECONDS)
  }
  setTimeout(() => audio.close(), 2000)
}
