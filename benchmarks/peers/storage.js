// Storage of the Node server: reads the token's user at connect and the membership at join, and inserts each message before
// its broadcast.
import { createHash } from "node:crypto";
import pg from "pg";

const USER = `
  SELECT u.id, u.username, u.display_name, u.is_active, u.is_banned, u.session_version, t.id AS token_id
  FROM accounts_apitoken t JOIN accounts_user u ON u.id = t.user_id WHERE t.digest = $1`;
const MEMBERSHIP = `
  SELECT m.role, m.muted, m.read_seq, r.* FROM rooms_membership m JOIN rooms_room r ON r.id = m.room_id
  WHERE m.user_id = $1 AND r.slug = $2`;
const TABLE = `
  CREATE TABLE IF NOT EXISTS peer_message (
    id bigserial PRIMARY KEY, room text NOT NULL, sender_id bigint NOT NULL, client_id uuid NOT NULL, body text NOT NULL,
    html text NOT NULL, created_at timestamptz NOT NULL, UNIQUE (sender_id, client_id));
  CREATE INDEX IF NOT EXISTS peer_message_room ON peer_message (room, id)`;
const INSERT = `
  INSERT INTO peer_message (room, sender_id, client_id, body, html, created_at)
  VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`;

export async function openStorage(connectionString) {
  const pool = new pg.Pool({ connectionString, max: 10 });
  await pool.query(TABLE);
  return {
    async user(token) {
      const digest = createHash("sha256").update(token).digest("hex");
      const { rows } = await pool.query({ name: "user", text: USER, values: [digest] });
      return rows[0]?.is_active && !rows[0].is_banned ? rows[0] : null;
    },
    async membership(user, room) {
      const { rows } = await pool.query({ name: "membership", text: MEMBERSHIP, values: [user.id, room] });
      return rows[0] ?? null;
    },
    async insert(user, m) {
      const values = [m.room, user.id, m.client_id, m.body, m.html, m.created_at];
      const { rows } = await pool.query({ name: "insert", text: INSERT, values });
      m.id = Number(rows[0].id);
    },
  };
}

// Stands in for storage: reads and writes nothing.
export const noStorage = {
  user: async (token) => ({ id: 0, username: token.slice(0, 12) }),
  membership: async () => ({}),
  insert: async () => {},
};
