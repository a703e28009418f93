import { me } from "../page/me.js"
import { OutboxStore } from "./outbox_store.js"

/** What this person's pages keep of what waits to be sent. */
export const kept = new OutboxStore(me)
