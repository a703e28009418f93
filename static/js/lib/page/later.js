import { toast } from "./toast.js"

/** Does `act` with a module that a page loads when somebody asks for what it does, and says so where it can't be had. */
export function withModule(load, act) {
  return load().then(act, () => toast("That couldn't be loaded. Try again, or reload the page."))
}
