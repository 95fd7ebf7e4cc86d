import type { SpokenMood } from './moodwords.ts';

/** Japanese words that name a mood in the titles of playlists, with the stems that endings follow. */
const wordsOfMood: Record<SpokenMood, string> = {
  calm: '癒し 癒やし 眠れる 眠り 睡眠 快眠 おやすみ 寝る リラックス ゆったり まったり のんびり 静か 穏やか 落ち着 チル 作業用 勉強 集中 読書 カフェ 瞑想 ヨガ 安らぎ くつろぎ',
  happy:
    '元気 楽しい 幸せ しあわせ ハッピー 笑顔 明るい 嬉しい うれしい 晴れ 爽やか 誕生日 わくわく ワクワク ご機嫌 夏うた 夏歌 ポジティブ',
  sad: '悲しい 悲しみ 哀しい 切ない せつない 泣ける 泣きたい 泣き歌 涙 失恋 寂しい 淋しい 孤独 さよなら サヨナラ 別れ 憂鬱 落ち込',
  energetic:
    '盛り上が アゲ テンション ワークアウト 筋トレ ランニング トレーニング 運動 パーティー ダンス やる気 応援 フェス 燃える 熱い ノリノリ 朝活',
  romantic:
    '恋 恋愛 恋人 初恋 片想い 片思い ラブソング ラブ 愛してる 愛の 大好き 結婚 ウェディング デート キス プロポーズ',
  dark: '闇 暗い 怖い 恐怖 ホラー 地獄 悪魔 死 絶望 怒り ゴシック ハロウィン 病み 憎しみ',
};

const moodOfStem: ReadonlyMap<string, SpokenMood> = new Map(
  (Object.keys(wordsOfMood) as SpokenMood[]).flatMap((mood) =>
    wordsOfMood[mood].split(' ').map((word): [string, SpokenMood] => [word, mood]),
  ),
);
const longest = Math.max(...Array.from(moodOfStem.keys(), (word) => word.length));
const japanese = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u;

/** A piece of a run of Japanese letters. */
export interface JapanesePiece {
  readonly text: string;
  /** Undefined for what names none. */
  readonly mood: SpokenMood | undefined;
}

export function isJapanese(token: string): boolean {
  return japanese.test(token);
}

/**
 * Japanese is written without blanks: the longest word of a mood at each place is a piece ("失恋"
 * before "恋"), and so is what lies between two.
 */
export function japanesePieces(token: string): JapanesePiece[] {
  const pieces: JapanesePiece[] = [];
  let rest = 0;
  let at = 0;
  const endRest = (): void => {
    if (at > rest) pieces.push({ text: token.slice(rest, at), mood: undefined });
  };
  while (at < token.length) {
    let length = Math.min(longest, token.length - at);
    while (length > 0 && !moodOfStem.has(token.slice(at, at + length))) length--;
    if (length === 0) {
      at++;
      continue;
    }
    endRest();
    const text = token.slice(at, at + length);
    pieces.push({ text, mood: moodOfStem.get(text) });
    at += length;
    rest = at;
  }
  endRest();
  return pieces;
}
