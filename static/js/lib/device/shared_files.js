import { database } from "./database.js"

const LIFETIME_MS = 60 * 60 * 1000

/** The files that another program has shared and no room has taken; none after an hour. */
export async function sharedFiles() {
  const record = await database.get("shared", "", "files").catch(() => null)
  return record && Math.abs(Date.now() - record.at) < LIFETIME_MS ? record.files : []
}

/** Hands those files over, once. */
export async function takeSharedFiles() {
  const files = await sharedFiles()
  await database.remove("shared", "", "files").catch(() => {})
  return files
}
