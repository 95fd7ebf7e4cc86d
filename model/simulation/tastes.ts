/**
 * The planted tastes. Neighbours in this list resemble each other: an artist of two tastes has two
 * that stand near, and the last stands beside the first.
 */
export interface Taste {
  /** The genre that its recordings carry. */
  readonly name: string;
  /** Sub-genres: a listener prefers one of them. */
  readonly styles: readonly [string, string, string];
  /** What the texts say of its artists; most belong to one taste only. */
  readonly adjectives: readonly string[];
  /** What its titles and texts are about. */
  readonly nouns: readonly string[];
  readonly moods: readonly Mood[];
  /** Where it is listened to more than elsewhere. */
  readonly home: readonly Area[];
  /**
   * Means of danceability, energy, speechiness, acousticness, instrumentalness, liveness, valence
   * (0..1), loudness (dB) and tempo (beats per minute).
   */
  readonly audio: readonly [number, number, number, number, number, number, number, number, number];
}

export type Mood = 'calm' | 'happy' | 'sad' | 'energetic' | 'romantic' | 'dark';

/** Parts of the world that share tastes. */
export const areas = [
  'north america',
  'latin america',
  'europe',
  'africa',
  'middle east',
  'south asia',
  'east asia',
  'southeast asia',
  'oceania',
] as const;
export type Area = (typeof areas)[number];

/** Sub-styles of each taste. */
export const stylesPerTaste = 3;

const words = (text: string): readonly string[] => text.split(' ');

export const tastes: readonly Taste[] = [
  {
    name: 'ambient',
    styles: ['drone', 'new age', 'modern classical'],
    adjectives: words('vast glacial meditative serene spacious slow ethereal hushed'),
    nouns: words('Tide Glacier Horizon Mist Orbit Snow Silence Dusk Drift Aurora'),
    moods: ['calm'],
    home: ['europe', 'north america'],
    audio: [0.25, 0.18, 0.04, 0.8, 0.85, 0.1, 0.15, -20, 92],
  },
  {
    name: 'dream pop',
    styles: ['shoegaze', 'bedroom pop', 'chillwave'],
    adjectives: words('dreamy hazy misty wistful fuzzy drowsy surreal sleepy'),
    nouns: words('Dream Haze Pillow Window Cloud Swan Petal Mirror Sleep Swoon'),
    moods: ['calm', 'sad'],
    home: ['north america', 'oceania', 'europe'],
    audio: [0.48, 0.52, 0.04, 0.3, 0.35, 0.14, 0.35, -9, 116],
  },
  {
    name: 'indie folk',
    styles: ['chamber folk', 'freak folk', 'singer-songwriter'],
    adjectives: words('intimate rustic fragile wooden humble autumnal plaintive sparse'),
    nouns: words('Meadow Cabin Birch River Letter Lantern Sparrow Orchard Winter Harvest'),
    moods: ['calm', 'sad'],
    home: ['north america', 'europe', 'oceania'],
    audio: [0.5, 0.32, 0.04, 0.75, 0.1, 0.13, 0.36, -11.5, 114],
  },
  {
    name: 'country',
    styles: ['honky tonk', 'bluegrass', 'outlaw country'],
    adjectives: words('twangy homespun dusty honest folksy rural sturdy rugged'),
    nouns: words('Highway Truck Porch Whiskey County Saddle Fence Prairie Mama Creek'),
    moods: ['happy', 'romantic'],
    home: ['north america', 'oceania'],
    audio: [0.57, 0.62, 0.04, 0.38, 0.01, 0.18, 0.55, -6.8, 122],
  },
  {
    name: 'blues',
    styles: ['delta blues', 'electric blues', 'blues rock'],
    adjectives: words('gritty weary smoky mournful hoarse swampy bitter lowdown'),
    nouns: words('Crossroad Train Bottle Levee Trouble Mojo Delta Rooster Rain Debt'),
    moods: ['sad', 'dark'],
    home: ['north america'],
    audio: [0.54, 0.46, 0.05, 0.55, 0.1, 0.22, 0.5, -10, 112],
  },
  {
    name: 'soul',
    styles: ['neo soul', 'northern soul', 'gospel'],
    adjectives: words('heartfelt velvety devotional radiant soulful uplifting warm faithful'),
    nouns: words('Sunday Heart Glory Velvet Sugar Choir Grace Honey Mercy Promise'),
    moods: ['romantic', 'happy'],
    home: ['north america', 'europe', 'africa'],
    audio: [0.62, 0.5, 0.06, 0.4, 0.03, 0.17, 0.58, -8.5, 104],
  },
  {
    name: 'jazz',
    styles: ['hard bop', 'cool jazz', 'jazz fusion'],
    adjectives: words('jazzy elegant angular sophisticated modal brassy nimble intricate'),
    nouns: words('Avenue Quartet Corner Sketch Monk Alley Sidewalk Nocturne Parade Cigar'),
    moods: ['calm', 'romantic'],
    home: ['north america', 'europe', 'east asia'],
    audio: [0.5, 0.34, 0.05, 0.78, 0.55, 0.16, 0.46, -14, 118],
  },
  {
    name: 'bossa nova',
    styles: ['samba', 'tropicalia', 'choro'],
    adjectives: words('breezy mellow graceful gentle coastal languid supple balmy'),
    nouns: words('Beach Samba Breeze Guitar Garden Parrot Wave Terrace Island Palm'),
    moods: ['calm', 'romantic'],
    home: ['latin america', 'europe', 'east asia'],
    audio: [0.6, 0.35, 0.05, 0.76, 0.15, 0.13, 0.6, -13, 120],
  },
  {
    name: 'latin pop',
    styles: ['bachata', 'salsa', 'cumbia'],
    adjectives: words('passionate flirtatious festive spicy theatrical tropical fiery amorous'),
    nouns: words('Fiesta Kiss Corazon Carnival Plaza Rose Flame Fortune Balcony Serenade'),
    moods: ['romantic', 'happy'],
    home: ['latin america'],
    audio: [0.68, 0.72, 0.06, 0.3, 0.01, 0.17, 0.7, -6, 112],
  },
  {
    name: 'reggaeton',
    styles: ['dembow', 'latin trap', 'perreo'],
    adjectives: words('sweaty cocky bold brash sultry rowdy provocative boastful'),
    nouns: words('Barrio Gasoline Diamond Disco Panther Taxi Neon Tequila Chain Bandit'),
    moods: ['energetic', 'happy'],
    home: ['latin america', 'north america'],
    audio: [0.77, 0.74, 0.11, 0.2, 0.01, 0.15, 0.62, -5.2, 98],
  },
  {
    name: 'reggae',
    styles: ['dancehall', 'roots reggae', 'dub'],
    adjectives: words('spiritual carefree deep righteous peaceful organic conscious offbeat'),
    nouns: words('Lion Zion Herb Kingston Riddim Mountain Babylon Dub Prophet Sunshine'),
    moods: ['happy', 'calm'],
    home: ['latin america', 'africa', 'oceania'],
    audio: [0.74, 0.55, 0.12, 0.2, 0.06, 0.14, 0.7, -7.5, 96],
  },
  {
    name: 'afrobeats',
    styles: ['amapiano', 'highlife', 'afropop'],
    adjectives: words('vibrant jubilant percussive buoyant communal cheerful exuberant sunny'),
    nouns: words('Lagos Drum Market Village Queen Baobab Ankara Harmattan Wedding Spirit'),
    moods: ['happy', 'energetic'],
    home: ['africa', 'europe'],
    audio: [0.76, 0.66, 0.09, 0.28, 0.06, 0.13, 0.68, -6.8, 110],
  },
  {
    name: 'hip hop',
    styles: ['boom bap', 'trap', 'drill'],
    adjectives: words('lyrical tough clever cinematic menacing wordy loopy defiant'),
    nouns: words('Block Crown Hustle Paper Concrete Ghetto Verse Legend Pistol Dynasty'),
    moods: ['energetic', 'dark'],
    home: ['north america', 'europe', 'africa'],
    audio: [0.75, 0.64, 0.24, 0.18, 0.02, 0.2, 0.48, -6.8, 122],
  },
  {
    name: 'contemporary r&b',
    styles: ['quiet storm', 'alternative r&b', 'new jack swing'],
    adjectives: words('silky seductive sensual slinky nocturnal smooth erotic confessional'),
    nouns: words('Bedroom Satin Candle Whisper Skin Lover Perfume Motel Afterglow Curtain'),
    moods: ['romantic', 'sad'],
    home: ['north america'],
    audio: [0.66, 0.52, 0.11, 0.28, 0.02, 0.15, 0.43, -7.8, 108],
  },
  {
    name: 'k-pop',
    styles: ['k-pop boy group', 'k-pop girl group', 'k-ballad'],
    adjectives: words('flashy glossy cute perky dazzling addictive playful synthetic'),
    nouns: words('Candy Galaxy Butterfly Prism Doll Sparkle Fantasy Signal Cherry Universe'),
    moods: ['happy', 'energetic'],
    home: ['east asia', 'southeast asia'],
    audio: [0.68, 0.8, 0.08, 0.14, 0.01, 0.18, 0.6, -4.6, 120],
  },
  {
    name: 'j-pop',
    styles: ['city pop', 'anime', 'vocaloid'],
    adjectives: words('sparkling bittersweet nostalgic kinetic animated whimsical heroic tuneful'),
    nouns: words('Sakura Comet Bicycle Platform Summer Firework Robot Umbrella Arcade Promise'),
    moods: ['happy', 'sad'],
    home: ['east asia'],
    audio: [0.56, 0.82, 0.06, 0.14, 0.02, 0.22, 0.62, -4.5, 132],
  },
  {
    name: 'mandopop',
    styles: ['cantopop', 'mandarin ballad', 'c-rock'],
    adjectives: words('delicate melodramatic dramatic sentimental lush poetic tragic solemn'),
    nouns: words('Moon Lotus Ferry Jade Autumn Teahouse Crane Harbour Willow Courtyard'),
    moods: ['sad', 'romantic'],
    home: ['east asia', 'southeast asia'],
    audio: [0.53, 0.48, 0.04, 0.48, 0.01, 0.15, 0.38, -8, 112],
  },
  {
    name: 'filmi',
    styles: ['bhangra', 'ghazal', 'indian pop'],
    adjectives: words('orchestral ornate romantic colorful lavish mythic flamboyant lilting'),
    nouns: words('Monsoon Bangle Peacock Temple Sari Mango Caravan Jasmine Palace Henna'),
    moods: ['romantic', 'happy'],
    home: ['south asia', 'middle east'],
    audio: [0.63, 0.62, 0.06, 0.42, 0.02, 0.17, 0.58, -7, 114],
  },
  {
    name: 'arabic pop',
    styles: ['khaleeji', 'rai', 'dabke'],
    adjectives: words('mystical sinuous mysterious regal fervent hypnotic nomadic sacred'),
    nouns: words('Oasis Desert Night Bazaar Gazelle Saffron Minaret Veil Falcon Amber'),
    moods: ['romantic', 'sad'],
    home: ['middle east', 'africa'],
    audio: [0.64, 0.66, 0.07, 0.35, 0.01, 0.19, 0.55, -6.8, 108],
  },
  {
    name: 'dance pop',
    styles: ['electropop', 'teen pop', 'europop'],
    adjectives: words('catchy bright irresistible infectious sugary memorable cheesy sleek'),
    nouns: words('Party Tonight Lipstick Rocket Heartbeat Paradise Mirrorball Crush Weekend Star'),
    moods: ['happy', 'energetic'],
    home: ['north america', 'europe', 'oceania', 'southeast asia'],
    audio: [0.68, 0.74, 0.06, 0.14, 0.01, 0.17, 0.57, -5.2, 119],
  },
  {
    name: 'house',
    styles: ['deep house', 'tech house', 'french house'],
    adjectives: words('euphoric funky repetitive tribal clubby ecstatic steady hedonistic'),
    nouns: words('Floor Groove Sunrise Terrace Vinyl Pulse Ibiza Strobe Rhythm Motion'),
    moods: ['energetic', 'happy'],
    home: ['europe', 'latin america', 'africa'],
    audio: [0.77, 0.77, 0.06, 0.08, 0.5, 0.15, 0.55, -6.8, 124],
  },
  {
    name: 'techno',
    styles: ['minimal techno', 'acid techno', 'industrial techno'],
    adjectives: words('mechanical relentless cold metallic subterranean clinical robotic sterile'),
    nouns: words('Machine Circuit Bunker Voltage Turbine Sector Relay Warehouse Sine Protocol'),
    moods: ['energetic', 'dark'],
    home: ['europe'],
    audio: [0.72, 0.82, 0.06, 0.04, 0.82, 0.13, 0.28, -8, 132],
  },
  {
    name: 'punk',
    styles: ['pop punk', 'hardcore punk', 'post-punk'],
    adjectives: words('snotty scrappy abrasive rebellious furious ragged angry chaotic'),
    nouns: words('Riot Garage Anarchy Spit Skateboard Boredom Razor Basement Brick Siren'),
    moods: ['energetic', 'dark'],
    home: ['north america', 'europe', 'southeast asia', 'oceania'],
    audio: [0.44, 0.9, 0.08, 0.04, 0.03, 0.24, 0.52, -4.8, 148],
  },
  {
    name: 'metal',
    styles: ['doom metal', 'death metal', 'black metal'],
    adjectives: words('monstrous brutal thunderous gloomy infernal heavy bleak ferocious'),
    nouns: words('Grave Iron Raven Plague Throne Ash Hammer Abyss Wolf Crypt'),
    moods: ['dark', 'energetic'],
    home: ['europe', 'latin america', 'southeast asia'],
    audio: [0.35, 0.93, 0.09, 0.02, 0.25, 0.22, 0.28, -5.2, 128],
  },
];
