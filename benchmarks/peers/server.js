// Express and Socket.IO configured for production: websockets only, no compression.
import { createServer } from "node:http";
import express from "express";
import { Server } from "socket.io";
import { messageFor } from "./message.js";
import { noStorage, openStorage } from "./storage.js";

const { PORT, DATABASE_URL } = process.env;
const storage = DATABASE_URL ? await openStorage(DATABASE_URL) : noStorage;
const app = express();
app.get("/healthz", (request, response) => response.json({ ok: true }));
const server = createServer(app);
const io = new Server(server, { transports: ["websocket"], pingInterval: 8000, pingTimeout: 6000 });

io.use(async (socket, next) => {
  socket.data.user = await storage.user(String(socket.handshake.auth.token));
  next(socket.data.user ? undefined : new Error("unauthorized"));
});

io.on("connection", (socket) => {
  const { user } = socket.data;

  socket.on("join", async ({ room }, ack) => {
    const membership = await storage.membership(user, room);
    if (!membership) return ack({ ok: false });
    await socket.join(room);
    ack({ ok: true, room: { slug: room } });
  });

  socket.on("chat-message", async (data, ack) => {
    const message = messageFor(user, data);
    await storage.insert(user, message);
    io.to(data.room).emit("chat-message", message);
    ack({ ok: true, message });
  });
});

server.listen(Number(PORT), "127.0.0.1", 4096);
