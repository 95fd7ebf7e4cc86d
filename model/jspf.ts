/** What JSPF needs of a list. */
export interface JspfSource {
  readonly user: string;
  readonly week: string;
  readonly zone: string;
  readonly validFrom: string;
  readonly validUntil: string;
  readonly tracks: readonly {
    readonly trackId: string;
    readonly title: string;
    readonly artists: readonly string[];
    readonly album?: string | undefined;
    readonly lengthS?: number | undefined;
    readonly reason: string;
  }[];
}

/** URI of our JSPF extension: the week, the zone and the time in which a list is the current one. */
export const jspfExtension = 'https://mondaymix.example/jspf/week';

/** A list as JSPF, the JSON form of XSPF (https://xspf.org/jspf). Durations are milliseconds. */
export function toJspf(list: JspfSource): object {
  return {
    playlist: {
      title: `Your Monday mix, ${list.week}`,
      creator: 'mondaymix',
      date: list.validFrom,
      identifier: `urn:mondaymix:${encodeURIComponent(list.user)}:${list.week}`,
      extension: {
        [jspfExtension]: [
          {
            user: list.user,
            week: list.week,
            zone: list.zone,
            validFrom: list.validFrom,
            validUntil: list.validUntil,
          },
        ],
      },
      track: list.tracks.map((track, n) => ({
        trackNum: n + 1,
        identifier: [`urn:mondaymix:track:${track.trackId}`],
        title: track.title,
        creator: track.artists.join(', '),
        ...(track.album === undefined ? {} : { album: track.album }),
        ...(track.lengthS === undefined ? {} : { duration: track.lengthS * 1000 }),
        annotation: track.reason,
      })),
    },
  };
}
