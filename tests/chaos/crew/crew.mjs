// Many official clients in one process: reads a command a line, {"n", "do", …}, and answers each with {"n", …}.
import { createInterface } from "node:readline";
import { Client } from "./client.mjs";

const clients = new Map();
const named = (names) => (names ? names.map((name) => clients.get(name)) : [...clients.values()]);

async function until(condition, ms) {
  const deadline = Date.now() + ms;
  while (!condition() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  return condition();
}

// How far each has come; who isn't where they should be.
const behind = (some, heads) => some.filter((client) => !client.over && !reached(client, heads));
const reached = (client, heads) =>
  client.whole && client.idle && [...client.logs].every(([slug, log]) => log.seq >= (heads[slug] ?? 0));

const COMMANDS = {
  open({ people }) {
    for (const person of people) clients.set(person.name, new Client(person));
  },
  // {"ready", "late"}: whether all were whole in time, and who wasn't.
  async ready({ names, heads = {}, ms }) {
    const some = named(names);
    const ready = await until(() => behind(some, heads).length === 0, ms);
    return { ready, late: behind(some, heads).map((client) => client.name) };
  },
  talk({ names, room, every }) {
    for (const client of named(names)) client.talk(room, every);
  },
  hush({ names }) {
    for (const client of named(names)) client.hush();
  },
  async say({ name, room, body }) {
    return { said: await clients.get(name).say(room, body) };
  },
  async call({ name, event, data }) {
    return { answer: await clients.get(name).call(event, data) };
  },
  close({ names }) {
    for (const client of named(names)) client.close();
  },
  report({ names }) {
    return { clients: named(names).map((client) => client.report()) };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { n, do: name, ...rest } = JSON.parse(line);
  Promise.resolve()
    .then(() => COMMANDS[name](rest))
    .then((answer) => process.stdout.write(JSON.stringify({ n, ...answer }) + "\n"))
    .catch((error) => process.stdout.write(JSON.stringify({ n, error: error.stack }) + "\n"));
}
process.exit(0);
