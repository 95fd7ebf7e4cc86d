import zoneData from 'countries-and-timezones';

/** What a profile may say; `model/zone-names.ts` and `model/language-tags.ts` have the rest. */

/**
 * A country as ISO 3166-1 alpha-2 writes it: `id` -> `ID`.
 *
 * @returns undefined where no country has that code
 */
export function countryCode(text: string): string | undefined {
  const code = text.trim().toUpperCase();
  return /^[A-Z]{2}$/.test(code) && zoneData.getCountry(code) ? code : undefined;
}

/** Characters of an address. */
const longest = 2000;

/**
 * The address of a picture: HTTPS, with a host, without a name and password in it.
 *
 * @returns as it was written, without space around; undefined where it is none, or longer than 2,000
 */
export function pictureAddress(text: string): string | undefined {
  const address = text.trim();
  if (address.length > longest || /\s/.test(address) || !URL.canParse(address)) return undefined;
  const { protocol, hostname, username, password } = new URL(address);
  const isAddress = protocol === 'https:' && hostname !== '' && username + password === '';
  return isAddress ? address : undefined;
}
