import { createConnection, type Socket } from 'node:net';
import { writeFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// A USB stick of the guest, and a hand that pulls it out: what the guest writes to its port `wishes` becomes a command of QEMU's monitor.

const megabytes = 96;

/** An empty stick; sparse on the host. */
export function makeStick(directory: string): string {
  const image = join(directory, 'stick.img');
  writeFileSync(image, '');
  truncateSync(image, megabytes << 20);
  return image;
}

/** What QEMU is told of it. Sockets are made in `directory`. */
export function stickArguments(directory: string, image: string): readonly string[] {
  const stick = 'usb-storage,id=stick,bus=usb.0,drive=stick,serial=anchor-stick,removable=on';
  const socket = (id: string): string => `socket,id=${id},path=${join(directory, id)},server=on,wait=off`;
  return [
    ...[
      '-device',
      'qemu-xhci,id=usb',
      '-drive',
      `file=${image},if=none,id=stick,format=raw`,
      '-device',
      stick,
    ],
    ...['-chardev', socket('wishes'), '-device', 'virtserialport,chardev=wishes,name=wishes'],
    ...['-chardev', socket('monitor'), '-mon', 'chardev=monitor,mode=readline'],
  ];
}

/** Does what the guest wishes until the signal aborts. */
export async function grantWishes(directory: string, signal: AbortSignal): Promise<void> {
  const wishes = await connect(join(directory, 'wishes'), signal);
  const monitor = await connect(join(directory, 'monitor'), signal);
  monitor?.resume();
  wishes?.setEncoding('utf8').on('data', (text: string) => {
    if (text.includes('pull')) monitor?.write('device_del stick\n');
  });
  signal.addEventListener('abort', () => {
    wishes?.destroy();
    monitor?.destroy();
  });
}

/** QEMU makes its sockets a moment after it was started. */
async function connect(path: string, signal: AbortSignal): Promise<Socket | null> {
  for (let attempt = 0; attempt < 500 && !signal.aborted; attempt += 1) {
    const socket = createConnection(path);
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    if (connected) return socket.on('error', () => socket.destroy());
    await sleep(20);
  }
  return null;
}
