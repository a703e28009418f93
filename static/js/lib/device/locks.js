/**
 * Runs `act` while no other page of this browser runs another under that name. Without https browsers have no locks, and it
 * runs at once: what is guarded so may be done twice.
 */
export function exclusively(name, act, signal) {
  return navigator.locks ? navigator.locks.request(name, { signal }, act) : act()
}
