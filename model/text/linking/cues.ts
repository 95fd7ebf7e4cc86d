/** Words that stand beside names of artists and their works, folded; and those that say nothing. */

function list(words: string): ReadonlySet<string> {
  return new Set(words.trim().split(/\s+/));
}

/** Who makes music: before a name they say that it is one ("the French duo Air"). */
export const makers = list(`
  band bands duo trio quartet quintet group groups act acts singer singers singer-songwriter songwriter
  rapper rappers vocalist musician musicians artist artists guitarist bassist drummer frontman
  frontwoman dj producer producers rockers outfit newcomers newcomer supergroup headliner headliners
  legends legend star stars icons icon composer pianist mc crooner ensemble collective boyband bandmate
  bandmates troubadour openers opener support punks metallers
`);

/** What is made and done in music. */
export const musicWords = list(`
  album albums ep eps lp lps single singles song songs track tracks record records recording recordings
  vinyl debut mixtape tour tours toured touring concert concerts gig gigs festival stage headline
  headlined headlining setlist chart charts charted billboard grammy grammys label labels studio lyrics
  vocals vocal guitar guitars drums bass synth synths chorus riff riffs melody remix remixes remixed cover covered covers
  fans encore playlist release released releases music musical band singer rapper rap pop rock punk
  indie folk jazz metal hip-hop techno house soul discography soundtrack reunion reunited lineup b-side
  bands duo trio frontman songwriter songwriting producer collaboration featuring feat ft sings sang singing
`);

/** Right behind a name, or its possessive: "Air released", "Air's album". */
export const afterCues = list(`
  album albums ep lp single song songs track tracks record records debut discography music lyrics
  released releases release announced announce announces tour toured tours played plays play performed performs
  perform sang sings recorded records headlined headline covered covers signed formed reunited
  disbanded dropped drops frontman frontwoman singer guitarist drummer bassist concert concerts gig
  gigs show shows set fans remix vocals sound new latest first second third fourth fifth self-titled
  live studio hit hits featuring feat ft broke wrote unveiled unveil shared share collaborated teamed
  took's reissue setlist band
`);

/** Right before a name: "by Air", "featuring Low", "fans of Yes". */
export const beforeCues = list(`
  by feat featuring ft with like and to see saw hear heard love loved joined seeing
  cover covering covered covers remixed remixing opening supporting supported fronted
  signed produced called named dubbed style era
`);

/** Places and times that a name would be after them: "in Boston", "on air". */
export const placeCues = list(
  'in at from near on into through across around toward towards of for',
);

export const determiners = list(
  'a an the this that these those my your his her its our their no any some every each such one two three many few all both more most other another',
);

export const albumCues = list(
  'album albums lp ep record records debut mixtape follow-up compilation release full-length cd disc reissue',
);
export const trackCues = list(
  'song songs single singles track tracks tune anthem ballad hit hits chorus lyrics video remix cover opener closer b-side cut number',
);

/** Words that are no name by themselves. */
export const functionWords = list(`
  a about above after again against all am an and any are as at be because been before being below
  between both but by can could did do does doing down during each ever every few for from further get go got
  had has have having he her here hers him his how i if in into is it its itself just like low may me
  might more most much must my myself never no nor not now of off on once one only or other our ours
  out over own same shall she should so some such than that the their them then there these they this
  those through to too under until up us very was we well were what when where which while who whom why will with
  would yes you your yours s t n d ll re ve
`);
