import { getAllTimezones } from 'countries-and-timezones';

/**
 * Names of time zones as people and services write them, to IANA names.
 *
 * The table is that of Rails (ActiveSupport::TimeZone::MAPPING), which Twitter took over, with the
 * names of both that have gone out of use. It departs from Rails where Rails stands one city for
 * another across a border although the city has a zone of its own with the same clock (Abu Dhabi,
 * Astana, Hanoi, Kuwait, Quito): we count by country.
 */
const railsNames: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'International Date Line West': 'Etc/GMT+12',
    'Midway Island': 'Pacific/Midway',
    'American Samoa': 'Pacific/Pago_Pago',
    Hawaii: 'Pacific/Honolulu',
    Alaska: 'America/Juneau',
    'Pacific Time (US & Canada)': 'America/Los_Angeles',
    Tijuana: 'America/Tijuana',
    'Mountain Time (US & Canada)': 'America/Denver',
    Arizona: 'America/Phoenix',
    Chihuahua: 'America/Chihuahua',
    Mazatlan: 'America/Mazatlan',
    'Central Time (US & Canada)': 'America/Chicago',
    Saskatchewan: 'America/Regina',
    Guadalajara: 'America/Mexico_City',
    'Mexico City': 'America/Mexico_City',
    Monterrey: 'America/Monterrey',
    'Central America': 'America/Guatemala',
    'Eastern Time (US & Canada)': 'America/New_York',
    'Indiana (East)': 'America/Indiana/Indianapolis',
    Bogota: 'America/Bogota',
    Lima: 'America/Lima',
    Quito: 'America/Guayaquil',
    'Atlantic Time (Canada)': 'America/Halifax',
    Caracas: 'America/Caracas',
    'La Paz': 'America/La_Paz',
    Santiago: 'America/Santiago',
    Asuncion: 'America/Asuncion',
    Newfoundland: 'America/St_Johns',
    Brasilia: 'America/Sao_Paulo',
    'Buenos Aires': 'America/Argentina/Buenos_Aires',
    Montevideo: 'America/Montevideo',
    Georgetown: 'America/Guyana',
    'Puerto Rico': 'America/Puerto_Rico',
    Greenland: 'America/Nuuk',
    'Mid-Atlantic': 'Atlantic/South_Georgia',
    Azores: 'Atlantic/Azores',
    'Cape Verde Is.': 'Atlantic/Cape_Verde',
    Dublin: 'Europe/Dublin',
    Edinburgh: 'Europe/London',
    Lisbon: 'Europe/Lisbon',
    London: 'Europe/London',
    Casablanca: 'Africa/Casablanca',
    Monrovia: 'Africa/Monrovia',
    UTC: 'Etc/UTC',
    Belgrade: 'Europe/Belgrade',
    Bratislava: 'Europe/Bratislava',
    Budapest: 'Europe/Budapest',
    Ljubljana: 'Europe/Ljubljana',
    Prague: 'Europe/Prague',
    Sarajevo: 'Europe/Sarajevo',
    Skopje: 'Europe/Skopje',
    Warsaw: 'Europe/Warsaw',
    Zagreb: 'Europe/Zagreb',
    Brussels: 'Europe/Brussels',
    Copenhagen: 'Europe/Copenhagen',
    Madrid: 'Europe/Madrid',
    Paris: 'Europe/Paris',
    Amsterdam: 'Europe/Amsterdam',
    Berlin: 'Europe/Berlin',
    Bern: 'Europe/Zurich',
    Zurich: 'Europe/Zurich',
    Rome: 'Europe/Rome',
    Stockholm: 'Europe/Stockholm',
    Vienna: 'Europe/Vienna',
    'West Central Africa': 'Africa/Algiers',
    Bucharest: 'Europe/Bucharest',
    Cairo: 'Africa/Cairo',
    Helsinki: 'Europe/Helsinki',
    Kiev: 'Europe/Kyiv',
    Kyev: 'Europe/Kyiv',
    Kyiv: 'Europe/Kyiv',
    Riga: 'Europe/Riga',
    Sofia: 'Europe/Sofia',
    Tallinn: 'Europe/Tallinn',
    Vilnius: 'Europe/Vilnius',
    Athens: 'Europe/Athens',
    Istanbul: 'Europe/Istanbul',
    Minsk: 'Europe/Minsk',
    Jerusalem: 'Asia/Jerusalem',
    Harare: 'Africa/Harare',
    Pretoria: 'Africa/Johannesburg',
    Kaliningrad: 'Europe/Kaliningrad',
    Moscow: 'Europe/Moscow',
    'St. Petersburg': 'Europe/Moscow',
    Volgograd: 'Europe/Volgograd',
    Samara: 'Europe/Samara',
    Kuwait: 'Asia/Kuwait',
    Riyadh: 'Asia/Riyadh',
    Nairobi: 'Africa/Nairobi',
    Baghdad: 'Asia/Baghdad',
    Tehran: 'Asia/Tehran',
    'Abu Dhabi': 'Asia/Dubai',
    Muscat: 'Asia/Muscat',
    Baku: 'Asia/Baku',
    Tbilisi: 'Asia/Tbilisi',
    Yerevan: 'Asia/Yerevan',
    Kabul: 'Asia/Kabul',
    Ekaterinburg: 'Asia/Yekaterinburg',
    Islamabad: 'Asia/Karachi',
    Karachi: 'Asia/Karachi',
    Tashkent: 'Asia/Tashkent',
    Chennai: 'Asia/Kolkata',
    Kolkata: 'Asia/Kolkata',
    Mumbai: 'Asia/Kolkata',
    'New Delhi': 'Asia/Kolkata',
    Kathmandu: 'Asia/Kathmandu',
    Astana: 'Asia/Almaty',
    Dhaka: 'Asia/Dhaka',
    'Sri Jayawardenepura': 'Asia/Colombo',
    Almaty: 'Asia/Almaty',
    Novosibirsk: 'Asia/Novosibirsk',
    Rangoon: 'Asia/Yangon',
    Bangkok: 'Asia/Bangkok',
    Hanoi: 'Asia/Ho_Chi_Minh',
    Jakarta: 'Asia/Jakarta',
    Krasnoyarsk: 'Asia/Krasnoyarsk',
    Beijing: 'Asia/Shanghai',
    Chongqing: 'Asia/Chongqing',
    'Hong Kong': 'Asia/Hong_Kong',
    Urumqi: 'Asia/Urumqi',
    'Kuala Lumpur': 'Asia/Kuala_Lumpur',
    Singapore: 'Asia/Singapore',
    Taipei: 'Asia/Taipei',
    Perth: 'Australia/Perth',
    Irkutsk: 'Asia/Irkutsk',
    Ulaanbaatar: 'Asia/Ulaanbaatar',
    'Ulaan Bataar': 'Asia/Ulaanbaatar',
    Seoul: 'Asia/Seoul',
    Osaka: 'Asia/Tokyo',
    Sapporo: 'Asia/Tokyo',
    Tokyo: 'Asia/Tokyo',
    Yakutsk: 'Asia/Yakutsk',
    Darwin: 'Australia/Darwin',
    Adelaide: 'Australia/Adelaide',
    Canberra: 'Australia/Canberra',
    Melbourne: 'Australia/Melbourne',
    Sydney: 'Australia/Sydney',
    Brisbane: 'Australia/Brisbane',
    Hobart: 'Australia/Hobart',
    Vladivostok: 'Asia/Vladivostok',
    Guam: 'Pacific/Guam',
    'Port Moresby': 'Pacific/Port_Moresby',
    Magadan: 'Asia/Magadan',
    Srednekolymsk: 'Asia/Srednekolymsk',
    'Solomon Is.': 'Pacific/Guadalcanal',
    'New Caledonia': 'Pacific/Noumea',
    Fiji: 'Pacific/Fiji',
    Kamchatka: 'Asia/Kamchatka',
    'Marshall Is.': 'Pacific/Majuro',
    Auckland: 'Pacific/Auckland',
    Wellington: 'Pacific/Auckland',
    "Nuku'alofa": 'Pacific/Tongatapu',
    'Tokelau Is.': 'Pacific/Fakaofo',
    'Chatham Is.': 'Pacific/Chatham',
    Samoa: 'Pacific/Apia',
  }),
);

/** The names that Rails and Twitter use, for tests and messages. */
export const railsZoneNames: readonly string[] = [...railsNames.keys()];

/** Every IANA name of the tz database, in lower case, to the name that we keep. */
const ianaNames: ReadonlyMap<string, string> = keptNames();

/**
 * The IANA name of a zone given by an IANA name (case does not matter) or by one of Rails.
 *
 * A name that the tz database only keeps for old times' sake gives its successor
 * (`Asia/Calcutta` -> `Asia/Kolkata`, `US/Pacific` -> `America/Los_Angeles`), except where the two
 * are in different countries (`Europe/Bratislava` stays: the clock is Prague's, the people are not).
 *
 * @returns undefined where nobody knows the name, or the running Node has no rules for it
 */
export function ianaZone(name: string): string | undefined {
  const text = name.trim();
  const iana = ianaNames.get((railsNames.get(text) ?? text).toLowerCase());
  return iana !== undefined && isKnownToIntl(iana) ? iana : undefined;
}

/**
 * The zone without daylight saving at an offset of whole hours, for a listener of whom nothing
 * else is known. The sign of these names is the other way round: 25200 -> `Etc/GMT-7`.
 *
 * @param offsetS - seconds east of Greenwich
 * @returns undefined for other than whole hours and beyond -12..+14
 */
export function zoneOfOffset(offsetS: number): string | undefined {
  const hours = offsetS / 3600;
  if (!Number.isInteger(hours) || hours < -12 || hours > 14) return undefined;
  if (hours === 0) return 'Etc/GMT';
  return `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`;
}

function keptNames(): Map<string, string> {
  const zones = getAllTimezones({ deprecated: true });
  const kept = new Map<string, string>();
  for (const zone of Object.values(zones)) {
    const target = zone.aliasOf === null ? undefined : zones[zone.aliasOf as keyof typeof zones];
    const sameCountries =
      target !== undefined &&
      String([...zone.countries].sort()) === String([...target.countries].sort());
    const isPlace = /^(Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)\//;
    const goes = target !== undefined && (sameCountries || !isPlace.test(zone.name));
    kept.set(zone.name.toLowerCase(), goes ? target.name : zone.name);
  }
  return kept;
}

const knownToIntl = new Map<string, boolean>();

function isKnownToIntl(zone: string): boolean {
  let known = knownToIntl.get(zone);
  if (known === undefined) {
    try {
      new Intl.DateTimeFormat('en', { timeZone: zone });
      known = true;
    } catch {
      known = false;
    }
    knownToIntl.set(zone, known);
  }
  return known;
}
