import { lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

// An address of IPv4 that is mapped into IPv6 (`::ffff:10.0.0.1`) is held against those of IPv4.
const inside = new BlockList();
inside.addSubnet('0.0.0.0', 8);
inside.addSubnet('10.0.0.0', 8);
inside.addSubnet('100.64.0.0', 10);
inside.addSubnet('127.0.0.0', 8);
inside.addSubnet('169.254.0.0', 16);
inside.addSubnet('172.16.0.0', 12);
inside.addSubnet('192.0.0.0', 24);
inside.addSubnet('192.168.0.0', 16);
// Benchmarks, several receivers, kept for later, all receivers.
inside.addSubnet('198.18.0.0', 15);
inside.addSubnet('224.0.0.0', 3);
inside.addAddress('::1', 'ipv6');
inside.addAddress('::', 'ipv6');
inside.addSubnet('fc00::', 7, 'ipv6');
inside.addSubnet('fe80::', 9, 'ipv6');
inside.addSubnet('ff00::', 8, 'ipv6');
// Addresses of IPv4 within those of IPv6, which a translator may pass on (RFC 6052).
inside.addSubnet('64:ff9b::', 96, 'ipv6');
inside.addSubnet('64:ff9b:1::', 48, 'ipv6');
inside.addSubnet('2002::', 16, 'ipv6');

function isInside(address: string): boolean {
  return inside.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

/**
 * A source may send us on to another public host, or stay on the one that the operator named; not
 * to addresses inside our network, which it could not reach itself. Where a name leads is seen when
 * it is looked up: see {@link publicOnly}.
 *
 * @param trustedHost - host with port; undefined: none is
 */
export function mayFollow(to: URL, trustedHost: string | undefined): boolean {
  if (to.protocol !== 'http:' && to.protocol !== 'https:') return false;
  if (to.host === trustedHost) return true;
  const name = to.hostname.replace(/^\[(.*)\]$/, '$1');
  if (name === 'localhost' || name.endsWith('.localhost') || !/[.:]/.test(name)) return false;
  return isIP(name) === 0 || !isInside(name);
}

/** A name leads to an address inside our network. */
export class InsideAddress extends Error {
  override readonly name = 'InsideAddress';
}

/**
 * Looks names up and fails with `InsideAddress` where one leads inside our network, even beside
 * public addresses. What is given to a request as its `lookup` is what it connects to, so nothing
 * can change in between.
 *
 * @param lookup - default: the operating system's
 */
export function publicOnly(lookup: LookupFunction = systemLookup): LookupFunction {
  return (name, options, callback) => {
    lookup(name, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, '');
      const addresses =
        typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found;
      const within = addresses.find(({ address }) => isInside(address));
      if (within !== undefined) {
        return callback(new InsideAddress(`${name} leads to ${within.address}`), '');
      }
      if (options.all === true) return callback(null, addresses);
      const [first] = addresses;
      return first === undefined
        ? callback(new Error(`${name} leads nowhere`), '')
        : callback(null, first.address, first.family);
    });
  };
}
