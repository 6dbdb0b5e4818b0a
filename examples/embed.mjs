// The smallest program with a room in it: node examples/embed.mjs
import { Anchor } from 'anchor-rooms';

const anchor = await Anchor.open();
const command = ['sh', '-c', 'echo I am $(id -un), and this is all I see:; ls /'];
const room = await anchor.spawn({ plank: 'host', command });
room.stdout.pipe(process.stdout);

const outcome = await room.exited; // never rejects: how it ended is a value
console.log(`${outcome.reason} with ${outcome.exitCode} after ${outcome.usage.wall} µs`);
await anchor.close(); // or from the start: await using anchor = …
