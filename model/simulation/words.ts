import type { Area } from './tastes.ts';

/** The word tables behind invented names and prose. Order is part of the simulation: append only. */

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** For names of artists, albums and tracks of any taste; none is a planted adjective. */
export const colours = words(`
  Velvet Paper Crimson Silver Broken Electric Hollow Golden Burning Frozen Little Grand Secret Northern
  Southern Lost Hidden Second Final Crystal Copper Violet Ivory Scarlet Phantom Plastic Marble Distant
  Invisible Modern Foreign Royal Stolen Borrowed Wandering Sleeping Dancing Falling Rising Forgotten
  Double Seventh Painted Thirsty Hungry Gentleman Savage Cosmic Lunar Solar Arctic Pacific Midnight
  Morning Evening Emerald Amber Cobalt Ashen Barefoot Restless Patient Crooked Faded Silent`);

export const things = words(`
  Harbour Engine Orchard Cathedral Compass Lantern Pilot Satellite Telescope Carousel Fountain Canyon
  Pavilion Sailor Tiger Heron Otter Foxglove Anchor Balloon Castle Daughter Brother Stranger Hunter
  Dancer Painter Radio Cinema Hotel Station Bridge Tower Valley Forest Ocean Desert Island Kingdom
  Empire Parliament Committee Society Orchestra Machine Method Theory Letter Novel Chapter Portrait
  Statue Shadow Echo Thunder Lightning Feather Antler Thistle Willow Cedar Juniper Magnolia Clover
  Sparrow Falcon Magpie Walrus Badger Coyote Leopard Zebra Camel Dolphin Lobster Beetle Hornet`);

export const verbs = words(`
  Hold Follow Forget Remember Carry Leave Find Keep Call Wake Chase Break Save Burn Believe Watch
  Teach Lead Love Miss`);

export const places = words(`
  Lisbon Oslo Memphis Nairobi Kyoto Tangier Havana Glasgow Odessa Manila Cusco Tulsa Bergen Beirut
  Trieste Perth Dakar Jaipur Bogota Busan Malmo Ghent Leipzig Toledo Utrecht Antwerp Reno Calgary`);

/** Given names of people who sing. */
export const givenNames = words(`
  Mara Jonas Ines Tomas Lena Adel Nora Silas Petra Oskar Ruth Elias Tessa Marco Anya Felix Leila Hugo
  Clara Ivan Stella Omar Edith Rafael Greta Amos Vera Luca Naomi Emil Carmen Theo Alma Dario Freya
  Kofi Amina Diego Priya Kenji Yuna Selma Nils Olive Bruno Judith Caleb Esther Milo Sanna Pablo Irene
  Viktor Zara Otis Farah Linus Dalia Abel Rosa`);

/** Beginnings and ends of family names and of invented words. */
export const stems = words(`
  Ash Hol Wren Lind Mar Kell Stan Brook Fair Thorn Hart Wil Gold Nor El Ber Dal Ros Win Har Cal Fen
  Mor Sel Tam Vin Al Bran Cor Dun Em Gar Hal Jar Kir Lor Mel Nev Or Pem Ral Sor Tor Ul Ver Wes Yar Zel`);
export const familyEnds = words(
  `wood field berg son by ley more ton well man ford stad sen ini ova ez`,
);
export const wordEnds = words(
  `a o ia ara ion ium ora essa ane ivo umi ota eno iri alto enza ado ique`,
);

/** The same with the marks that logs lose. */
export const accentedGivenNames = words(`
  Élodie José Zoë Søren Åsa Renée Íñigo Chloé Jürgen Maïa Björn Inés Tomáš Léa Óscar Nuño`);
export const accentedFamilyEnds = words(`ström dóttir lière ção réz müller bäck gård ská nné`);
export const accentedWordEnds = words(`é ø ür ão ía éra ö ñe ói ûr`);

/** A writing system: what names are put together from, and what stands between. */
export interface Script {
  /** Syllables where `joint` is empty, words where it is a space. */
  readonly parts: readonly string[];
  readonly joint: '' | ' ';
}

const script = (joint: Script['joint'], text: string): Script => ({ joint, parts: words(text) });

const cyrillic = script(
  '',
  'во ло се ра ми на ко ста ве че тро ва лен дом ре ки мор зи ма но ту га бел рус яр лес свет род',
);
const greek = script('', 'θα λα σσα νυ χτα φε γγα ρι μου σι κη δρο μος ου ρα νος κα ρδια αγ ερι');
const arabic = script(' ', 'قمر ليل نور بحر ورد حب شمس نجم روح قلب سلام باب نهر مطر طير');
const hebrew = script(' ', 'לילה אור ים שמש לב שיר דרך רוח גן כוכב בית אהבה חלום');
const devanagari = script(' ', 'रात चाँद दिल सपना गीत राग पवन सागर मन प्रेम तारा बादल नदी सूरज');
const thai = script('', 'รัก ดาว ฟ้า ทะเล ฝน ใจ คืน ลม เพลง จันทร์ นก ป่า');
const kana = script(
  '',
  'ユ メ サ ク ラ ホ シ カ ゼ ミ ナ ト ヒ カ リ ア オ ソ ラ ネ コ モ リ ツ キ ハ ル',
);
const han = script('', '月 夜 星 海 风 花 雪 梦 山 雨 云 光 春 秋 城 南 北 红 青 白 水 心');
const hangul = script('', '별 밤 하늘 바람 노래 꽃 비 달 사랑 봄 여름 가을 겨울 길 숲 꿈 빛 강');

/** The writing systems other than Latin in which the artists of an area may be named. */
export const scripts: Readonly<Record<Area, readonly Script[]>> = {
  'north america': [],
  'latin america': [],
  europe: [cyrillic, greek],
  africa: [],
  'middle east': [arabic, hebrew],
  'south asia': [devanagari],
  'east asia': [kana, han, hangul],
  'southeast asia': [thai],
  oceania: [],
};
