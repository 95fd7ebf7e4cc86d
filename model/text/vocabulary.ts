/**
 * The words that the reading of music texts rests on. Lists are of lower-case words, without
 * accents, separated by white space.
 */
const list = (words: string): ReadonlySet<string> => new Set(words.trim().split(/\s+/));

/**
 * Adjectives and participles of music writing that the tagger's lexicon lacks or knows first of
 * all as something else.
 */
export const musicAdjectives = list(`
  aching aggro airy ambient amplified angsty animated anthemic arty autobiographical ballsy bass-heavy beat-driven
  blazing bleepy blistering bombastic bouncy bowed bracing breathtaking breezy brooding bubbling bubbly burning
  calming campy captivating charged charming chilled chilled-out chilling chillout chiming chugging clipped
  clubby compelling confessional crashing crooning crunchy crushing danceable dancey dazzling
  deadpan detached disarming dissonant distorted dissolute downbeat downtempo driving droning dreamlike droney dubby
  electrifying emotive enchanting engaging epic exhilarating experimental fey fingerpicked floating flowing folksy folky freeform
  fuzzed-out fuzzy galloping gauzy glammy gleaming glistening glitchy glittering glowing gravelly grinding groovy
  growling grungy guitar-driven gutsy hard-edged hard-hitting harrowing haunting hazy heartbreaking heartfelt heartrending high-energy
  high-octane hook-laden hooky hushed hypnotizing impassioned inspiring intoxicating jagged jangling jangly jazz-inflected kitschy languid
  layered lilting lo-fi longing loping low-key lumbering lush lysergic meandering melancholic melismatic
  menacing mesmerising mesmerizing metallic mid-tempo minimal motorik moving muffled multi-layered murky muted noisy
  nuanced off-kilter offbeat old-school operatic otherworldly overdriven pastoral piercing plodding
  polished polyphonic polyrhythmic poppy pounding processed propulsive psychedelic pulsating pulsing punky
  quirky ramshackle raspy raucous refined relaxing restrained reverb-drenched reverberant riff-heavy rocking
  rollicking rolling rootsy rousing rustic sample-based sampled saturated scorching screaming searing
  self-deprecating shimmering shimmery shoegazey simmering sludgy slow-burning smoldering smouldering snarling
  soaring soft-spoken soothing soulful soundscapey spacey spaced-out spacy sparkling spiky spirited spooky sprawling stirring
  stripped-back stripped-down sun-drenched swampy swaggering sweeping swelling swinging swirling swooning swoony
  synth-driven synth-heavy synthesized synthetic throbbing thumping thundering tinkling tortured touching trancey trebly
  trippy twangy twee twinkling twisted two-step uncompromising understated unhinged unplugged unsettling up-tempo
  uplifting uptempo virtuosic visceral vitriolic wailing warped wavering weepy whispered whispering whispery wistful woozy
  yearning
`);

/** Nouns of music writing that the lexicon lacks and whose ending misleads. */
export const musicNounsUnknown = list(`
  discography electronica exotica indie mellotron musical mixtape vocals vocal
`);

/** Sound itself: who speaks of a "dreamy voice" means how it sounds. Singular. */
export const soundNouns = list(`
  arrangement atmosphere ballad baritone bass bassline beat chord chorus composition contralto croon
  delivery drum electronica electropop falsetto flow folk funk groove guitar harmony hook
  instrumentation jazz keyboard lyric lyricism melody mood music orchestration percussion
  phrasing piano pop rap rapping rhyme rhythm riff rock singing song songcraft songwriting
  sonority soprano soul sound soundscape string style synth synthesizer tempo tenor texture
  timbre tone tune verse vibe violin vocal vocals voice wordplay
`);

/** What carries the sound and who makes it: a "new album" and a "major act" say nothing of it. */
export const carrierNouns = list(`
  act album artist balladeer band chanteuse composer crooner duo entertainer ep frontman frontwoman
  group guitarist lyricist mc mix multi-instrumentalist musician number outfit performance performer
  pianist playing producer production quartet rapper record singer singer-songwriter songstress
  songwriter stylist track trio troubadour vocalist
`);

/** Verbs after which a text says what someone is like: "known for", "described as". */
export const describingVerbs = list(`
  called characterised characterized classified complimented considered defined described
  distinguished dubbed hailed known labeled labelled likened lauded marked noted praised recognised
  recognized regarded reviewed termed
`);

/** Adjectives and participles that describe nothing: counts, order, fame, trade, time, place. */
export const emptyAdjectives = list(`
  able accompanying accomplished acclaimed active actual additional adult alive all-time alone
  alternate alternative annual another appearing applied appointed attended available award-winning
  award-nominated backing aware based-in becoming belated best best-known best-selling
  better big biggest billboard-charting birth bonus born breakthrough brief british broad called
  certain certified chart-topping chief chosen classical classic co-written close coming
  commercial common compiled complete composed considerable consecutive contained contemporary
  continued correct country covered credited critical critically current cut daily dead debut
  deceased dedicated deluxe devoted different digital direct double due each earlier
  earliest early eight eighth electronic electric elder eldest eleventh emerging end english
  enough ensuing entire eponymous equal established estranged eventual exact exclusive
  existing expected extended extensive extra false famed familiar famous fast-selling
  favorite favourite featured featuring fellow female few fifth final fine finest finished first
  five following foreign former forthcoming founding four fourth free french frequent full
  full-length full-time further future general given global good grammy-nominated grammy-winning great
  greater greatest growing guest half hard half-hour half-sister head high higher highest highest-charting
  high-profile high-school hit home home-made home-recorded honorary huge illegal ill imminent important included
  includes including incoming independent indie individual industrial influenced influential initial
  inspired instant instructional instrumental international introductory invited involved
  joint junior key known large largely larger largest last lasting late later latest latin
  lead leading least legal less lesser liable like likely limited limited-edition live living local
  long long-awaited long-standing long-term long-time longest longtime lost lower main mainstream major major-label
  male many married massive medium mere mid middle minor missing mixed modern more most moderate moderately much
  multi-platinum multiple music musical mutual my named national native near nearby necessary
  new newest next nine ninth nominated non-album normal notable noted numerous official old older
  oldest on-stage one one-off ongoing online only open opening opposite ordinary original originally other outside overall own
  paid part part-time partial particular past penultimate performed permanent personal pioneering platinum-selling planned played playing
  poor popular popularized positive possible post posthumous potential pregnant present previous
  previously primary principal prior private professional prolific prominent promising promotional proposed public published
  qualified quick ready real real-life rear recent record record-breaking recorded recording recurring red regional
  regular related released remaining renowned reported requested required respected respective
  responsible resulting retired rhythm right rising rival rumored rumoured said same scheduled school second
  secondary selected self-described self-produced self-released self-taught self-titled selling senior separate serious
  set seven seventh several several-song shared short short-lived sick side-project signed significant similar
  simultaneous single singing six sixth sized small smaller so-called social sold sole solo
  some songwriting sought-after south special specific spoken standard starring state still
  stage student studio studio-based sub subsequent substantial successful such super supporting sure surviving talented teenage ten
  tenth then then-girlfriend third three thirteenth thousand title titled titular top top-selling total touring
  traditional twelfth twenty two unable unavailable undisclosed unexpected unfinished unique unknown unnamed unreleased unspecified
  untitled upcoming urban used usual valuable various vast very video virtual visual vocal weekly
  well-known well-received whole widespread widely willing working world world-famous
  worldwide worth writing written year-old yearly young younger youngest yet winning
  foremost fledgling burgeoning aspiring up-and-coming biggest-selling highest-paid incidental defunct proficient
  skilled avid big-name all-star prestigious seasoned countless domestic historical military medical retail
  overseas serial occasional collaborative anticipated seminal co-lead stand-up fictional collective combined
  incorporating preferred prevalent apparent evident internal lengthy identical optional portable pink
  second-hand upper vacant visible vertical obvious constant deliberate conservative negative identifiable
  redone ethnic little true human interesting continuous elementary far-reaching eminent loving lyric
  consistent characteristic clear wide-ranging conventional comic shady interactive favored unified radical
  rudimentary insistent blended low wave-influenced homemade exciting
  notorious audio audio-visual technical physical cultural literary fill-in now-defunct little-known lesser-known
  world-renowned similar-sounding low-budget long-running sold-out in-store unofficial televised viral teen
  blind disabled secular charitable typical certain stylistic compositional corresponding aforementioned
  associate proper formal basic triple associated recognizable wicked
  award-nominated double-platinum triple-platinum multi-million number-one top-ten top-forty four-time
  three-time two-time five-time six-time seven-time multi-award-winning gold-certified platinum-certified
  highest-selling second-best uncredited unsuccessful unsigned underground non-commercial nationwide
  pre-recorded re-recorded reissued remastered remixed remix remixing bootleg cd-only
  rare specially worked first-ever tv seen own-label freelance eager keen gifted renamed rejected
  worst bad right-handed left-handed wide wider slight further-reaching broader
  dominant essential definitive ultimate quintessential signature trademark
  excellent perfect outstanding remarkable amazing awesome fantastic wonderful brilliant superb
  incredible extraordinary exceptional impressive terrific fabulous nice cool favorite decent stunning
  genius legendary iconic lovely magnificent marvelous gorgeous splendid overrated underrated
  best-of greatest-hits cover oldies tight neat solid crazy stupid fucking damn hot old-time hilarious crap shit addictive
  gay lesbian bisexual transgender black white blue green christian jewish muslim
  celebrated noteworthy well-respected well-established highly-regarded highly-acclaimed
  back backup contributing demo diverse different-sounding eight-track four-track four-piece
  three-piece five-piece six-piece two-piece one-man one-woman all-female all-male all-girl
  in-house behind-the-scenes self-penned non-single one-hit part-owned well-crafted
  interested unsure unaware happy-go-lucky afraid ashamed busy proud glad grateful reluctant
  financial medical economic academic educational technological governmental geographical
  religious-themed childhood parental familial biological maternal paternal adoptive
  northern southern eastern western central asian african european
`);

/** Lower-case tags that name a people or language; as adjectives they describe no sound. */
export const demonyms = list(`
  african afro-american afro-cuban albanian algerian american angolan arab arabic argentine argentinian armenian asian
  australian austrian azerbaijani basque belarusian belgian brasileira brasileiro brazilian breton
  british bulgarian californian canadian cape-verdean caribbean catalan celtic chilean chinese colombian congolese
  croatian cuban czech danish deutsch dutch english estonian ethiopian european faroese filipino
  finnish flemish francais french galician georgian german ghanaian greek hawaiian hebrew hispanic
  hungarian icelandic indian indonesian iranian iraqi irish israeli italian italiano jamaican
  japanese jewish kazakh korean latin latino latina latvian lebanese lithuanian macedonian
  malaysian malian mexican moroccan nigerian nordic norwegian occitan pakistani persian peruvian
  polish polski portuguese puerto-rican romanian russian scandinavian scottish senegalese serbian slavic slovak
  slovenian somali spanish swedish swiss syrian taiwanese thai tunisian turkish ukrainian
  uruguayan venezuelan vietnamese welsh yiddish
`);

/** One-word genres that are other things too; in prose they count next to music words only. */
export const ambiguousGenres = list(`
  acoustic alternative atmospheric club classical country dance drone electronic experimental garage gothic
  hardcore house indie industrial instrumental jungle latin lounge metal minimal noise
  pop progressive psychedelic rap rock soul swing traditional trance tribal underground urban world
`);

/** One-word genres and styles that prose names without doubt. */
export const plainGenres = list(`
  afrobeat americana bebop bluegrass blues boogie-woogie breakbeat breakcore britpop chillwave
  dancehall darkwave deathcore disco doo-wop downtempo drum-n-bass dub dubstep edm electro
  electroclash electronica electropop emo eurodance fado flamenco folk folktronica funk futurepop fusion
  g-funk glam gospel grime grindcore grunge hip-hop hyperpop idm indietronica jazz k-pop j-pop j-rock krautrock
  lo-fi mathcore merengue metalcore mpb neo-soul new-age opera post-grunge post-hardcore post-punk
  post-rock power-pop psychobilly psytrance punk r&b ragga ragtime rai rebetiko reggae reggaeton rhythm-and-blues
  rnb rockabilly rocksteady salsa samba schlager screamo sertanejo shoegaze ska skiffle slowcore
  soca surf swamp-rock synthpop synthwave techno tango trip-hop turntablism vaporwave zouk zydeco
  chanson cumbia bachata bossa-nova calypso crunk dembow drill trap visual-kei
`);

/** Instruments and ways to sing, singular: nouns that tell one artist's sound from another's. */
export const instruments = list(`
  accordion autoharp bagpipe balalaika bandoneon banjo baritone bassoon beatbox bodhran bongo
  bouzouki cello charango clarinet clavinet conga contralto dobro double-bass drum-machine duduk
  dulcimer erhu falsetto fiddle flugelhorn flute glockenspiel guitar harmonica harmonium harp
  harpsichord horn kalimba keyboard keytar kora koto lap-steel lute lyre mandolin marimba melodica
  mellotron mezzo-soprano moog oboe orchestra organ oud pan-flute percussion piano recorder sampler
  saxophone shamisen sitar slide-guitar soprano steel-drum strings synth synthesizer tabla
  tambourine tenor theremin timpani trombone trumpet tuba turntable ukulele uilleann-pipes
  vibraphone viola violin vocoder whistle xylophone yodel zither
`);

/** Adjective-like tags that name a genre or scene rather than describe. */
export const genreAdjectives = list(`
  acid alternative ambient baroque celtic choral classical country downtempo electronic folk gospel gothic hardcore indie
  industrial instrumental latin lounge medieval minimal modern neoclassical oriental pagan
  progressive renaissance traditional tribal underground urban world vocal chillout electro
`);

/** Words of tags that say what the tagger thinks or owns, not what the music is. */
export const personalTagWords = list(`
  albums amazing artists awesome best bands brilliant buy check classics crap discover discovered
  download excellent fave faves favorite favorites favorited favourite favourites fav favs
  fantastic fucking genius gig good gr8 great greatest guilty hate have heard incredible
  interesting legend legends legendary library like liked likes listen listened listens lol love
  loved loveit loves lovely lyrics me memories mine must my overrated own owned perfect perfection
  pleasure pleasures recommended saw seen shit song songs suck sucks track tracks underrated
  unknown want wish wonderful worst wtf you your masterpiece masterpieces icon icons bitch bitches
  whore slut weirdness stuff good-stuff random amo adoro fuck fucker brilliance goosebumps hits
  ultimate underated epicness spotify lastfm listeners playlist itunes ipod youtube mp3 ep lp
`);

/** Nouns that, before a sound noun, say how it is made or where it belongs: "surf guitar". Singular. */
export const soundModifiers = list(`
  analog analogue arena ballroom barbershop barroom beach bedroom bottleneck bubblegum burlesque cabaret
  carnival cave chamber chant choir church circus cocktail coffeehouse computer cowboy delay desert diva dream echo
  fairground fantasy fingerpicking fingerstyle fuzz gang garage gypsy hammond harmony heartland honky-tonk horror
  jangle juke laptop loop lounge mafioso minstrel noir novelty nursery outsider pedal-steel pirate
  power protest pub railroad reverb ritual river scat script slide space spy stadium steel stoner street
  stride surf swamp synth tape torch toy tremolo trap underground vaudeville vibrato video-game vinyl voodoo
  wah-wah wall waltz whisper workout
`);
