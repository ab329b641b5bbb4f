import { BlockList, isIP } from 'node:net';

/** Tells whether an address lies in one of the networks; undefined when one of the texts is no address and no network. */
export function networksOf(texts: readonly string[]): { holds(address: string): boolean } | undefined {
  const list = new BlockList();
  for (const text of texts) {
    const [address = '', prefix, ...more] = text.split('/');
    const family = isIP(address);
    const longest = family === 4 ? 32 : 128;
    const bits = prefix === undefined ? longest : Number(prefix);
    const isPrefix = prefix === undefined || (/^\d{1,3}$/.test(prefix) && bits <= longest);
    if (family === 0 || !isPrefix || more.length > 0) return undefined;
    list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6');
  }
  return { holds: (address) => list.check(plain(address), isIP(plain(address)) === 6 ? 'ipv6' : 'ipv4') };
}

/** A socket that listens for both families writes IPv4 addresses as `::ffff:127.0.0.1`. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
