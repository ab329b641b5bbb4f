import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { newId } from '@dailydoco/lifecycle';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mailSender } from '../src/mails/nodemailer.adapter.js';

let server: Server;
let greeting: string | undefined;
let dialled: number;
const sockets = new Set<Socket>();

beforeEach(async () => {
  dialled = 0;
  server = createServer((socket) => {
    dialled += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    if (greeting !== undefined) socket.write(greeting);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

const mail = { to: 'ada@people.example', subject: 'Hello', text: 'Hello.' };
const sender = (query: string) =>
  mailSender({
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}/?${query}`,
    from: 'a@b.example',
    newId,
  });

describe('A mail server', () => {
  it('that is silent is given up in time, and left alone after three mails', async () => {
    greeting = undefined;
    const send = sender('greetingTimeout=100');
    for (let n = 0; n < 3; n += 1) await expect(send(mail)).rejects.toThrow('Greeting never received');
    expect(dialled).toBe(3);
    await expect(send(mail)).rejects.toMatchObject({ reason: 'UNAVAILABLE' });
    expect(dialled).toBe(3);
  });

  it('that refuses each mail is there, and is asked about the next', async () => {
    greeting = '554 no mail today\r\n';
    const send = sender('greetingTimeout=2000');
    for (let n = 0; n < 5; n += 1) await expect(send(mail)).rejects.toThrow('554');
    expect(dialled).toBe(5);
  });
});
