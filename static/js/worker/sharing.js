import { database } from "../lib/device/database.js"

const MAX_FILES = 10

/** Keeps files that another program shares; they take the place of those before. */
export async function keepSharedFiles(files) {
  const shared = files.filter((file) => file instanceof File && file.size).slice(0, MAX_FILES)
  try {
    await database.put("shared", { owner: "", key: "files", files: shared, at: Date.now() })
  } catch {
    // There is no room for them; the text comes all the same.
  }
}
