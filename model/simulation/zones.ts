import type { Area } from './tastes.ts';

/** A time zone with listeners in it. */
export interface SimulatedZone {
  /** IANA name. */
  readonly name: string;
  /** Share of the listeners, not normalized. */
  readonly weight: number;
  readonly area: Area;
  /** BCP 47, the most spoken first. */
  readonly languages: readonly string[];
}

/**
 * Where listeners are: the populous zones, and those that break calendars. Half-hour and 45-minute
 * offsets, a daylight saving of 30 minutes (Lord Howe) and one that is negative in winter (Dublin),
 * both hemispheres, UTC+14 (Kiritimati) to UTC-12.
 */
const table = `
America/New_York                 80  north america   en es
America/Chicago                  50  north america   en es
America/Denver                   18  north america   en es
America/Phoenix                   7  north america   en es
America/Los_Angeles              55  north america   en es
America/Anchorage                 2  north america   en
Pacific/Honolulu                  3  north america   en
America/Toronto                  18  north america   en fr
America/Halifax                   4  north america   en fr
America/St_Johns                  2  north america   en
America/Mexico_City              45  latin america   es
America/Tijuana                   4  latin america   es
America/Bogota                   20  latin america   es
America/Lima                     14  latin america   es
America/Caracas                   8  latin america   es
America/Santiago                 14  latin america   es
America/Asuncion                  3  latin america   es
America/Argentina/Buenos_Aires   24  latin america   es
America/Sao_Paulo                70  latin america   pt
America/Manaus                    5  latin america   pt
America/Noronha                   1  latin america   pt
America/Havana                    4  latin america   es
America/Jamaica                   3  latin america   en
Atlantic/Azores                   1  europe          pt
Europe/London                    55  europe          en
Europe/Dublin                     5  europe          en
Europe/Lisbon                     8  europe          pt
Europe/Madrid                    30  europe          es ca
Europe/Paris                     38  europe          fr
Europe/Berlin                    48  europe          de tr
Europe/Rome                      30  europe          it
Europe/Stockholm                 10  europe          sv
Europe/Warsaw                    18  europe          pl
Europe/Athens                     7  europe          el
Europe/Istanbul                  30  europe          tr
Europe/Kyiv                      14  europe          uk ru
Europe/Moscow                    36  europe          ru
Asia/Yekaterinburg                6  europe          ru
Africa/Lagos                     26  africa          en
Africa/Johannesburg              14  africa          en zu
Africa/Nairobi                   10  africa          en sw
Africa/Cairo                     20  middle east     ar
Africa/Casablanca                 8  middle east     ar fr
Asia/Riyadh                      14  middle east     ar
Asia/Dubai                        8  middle east     ar en
Asia/Jerusalem                    6  middle east     he en
Asia/Tehran                      12  middle east     fa
Asia/Kabul                        2  south asia      ps
Asia/Karachi                     18  south asia      ur
Asia/Kolkata                     90  south asia      hi en
Asia/Kathmandu                    4  south asia      ne
Asia/Dhaka                       14  south asia      bn
Asia/Colombo                      3  south asia      si ta
Asia/Yangon                       4  southeast asia  my
Asia/Bangkok                     22  southeast asia  th
Asia/Ho_Chi_Minh                 18  southeast asia  vi
Asia/Jakarta                     60  southeast asia  id
Asia/Makassar                     6  southeast asia  id
Asia/Manila                      34  southeast asia  en tl
Asia/Singapore                    8  southeast asia  en zh
Asia/Shanghai                    30  east asia       zh
Asia/Taipei                      10  east asia       zh
Asia/Tokyo                       44  east asia       ja
Asia/Seoul                       24  east asia       ko
Australia/Perth                   4  oceania         en
Australia/Eucla                   1  oceania         en
Australia/Adelaide                3  oceania         en
Australia/Brisbane                6  oceania         en
Australia/Sydney                 16  oceania         en
Australia/Lord_Howe               1  oceania         en
Pacific/Auckland                  8  oceania         en
Pacific/Chatham                   1  oceania         en
Pacific/Marquesas                 1  oceania         fr
Pacific/Tongatapu                 1  oceania         en
Pacific/Kiritimati                1  oceania         en
Pacific/Pago_Pago                 1  oceania         en
Etc/GMT+12                        1  oceania         en`;

export const zones: readonly SimulatedZone[] = table
  .trim()
  .split('\n')
  .map((line) => {
    const [name, weight, area, languages] = line.split(/\s{2,}/) as [string, string, Area, string];
    return { name, weight: Number(weight), area, languages: languages.split(' ') };
  });
