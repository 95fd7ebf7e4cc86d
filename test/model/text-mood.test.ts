import { describe, expect, test } from '@jest/globals';
import { moodOf, readMood, spokenMoods } from '../../model/text/mood.ts';

const nothing = readMood('');
const typical = spokenMoods.map(() => 0.01);
const moodOfTitle = (title: string) => moodOf(readMood(title), nothing, nothing, typical).mood;

describe('moods', () => {
  test.each([
    ['Sad Songs', 'sad'],
    ['Workout Beats', 'energetic'],
    ['Chill Vibes', 'calm'],
    ['Peaceful Piano', 'calm'],
    ['Happy Hits!', 'happy'],
    ['Songs for a Date Night', 'romantic'],
    ['Gothic Nightmares', 'dark'],
    ['Canciones tristes', 'sad'],
    ['Música para dormir', 'calm'],
    ['Sofrência 2020', 'sad'],
    ['Verão feliz', 'happy'],
    ['Lagu Galau', 'sad'],
    ['Lagu Santai', 'calm'],
    ['Jatuh Cinta', 'romantic'],
    ['Gute Laune', 'happy'],
    ['Zum Einschlafen', 'calm'],
    ['Liebeslieder', 'romantic'],
    ['Chansons tristes', 'sad'],
    ['Pour dormir', 'calm'],
    ['Bonne humeur', 'happy'],
    ['Chansons damour', 'neutral'],
    ["Chansons d'amour", 'romantic'],
    ['Treino pesado', 'energetic'],
    ['Entrenamiento', 'energetic'],
    ['Dunkle Stunden', 'dark'],
    ['Lagu Sedih', 'sad'],
    ['失恋ソング', 'sad'],
    ['恋うた', 'romantic'],
    ['眠れる夜のピアノ', 'calm'],
    ['筋トレBGM', 'energetic'],
    ['元気が出る曲', 'happy'],
    ['闇の音楽', 'dark'],
    ['最新ヒット', 'neutral'],
    ['😴🌙', 'calm'],
    ['🥳🎈', 'happy'],
    ['😍❤️', 'romantic'],
    ['💀🦇', 'dark'],
    ['💔', 'sad'],
    ['mix 💪🔥', 'energetic'],
    ['Top 50 - Belgium', 'neutral'],
    ['', 'neutral'],
  ])('the title "%s" is %s', (title, mood) => {
    expect(moodOfTitle(title)).toBe(mood);
  });

  test('valence follows the words, and negation turns it', () => {
    const valence = (title: string) => moodOf(readMood(title), nothing, nothing, typical).valence;
    expect(valence('Happy wonderful day')).toBeGreaterThan(0.4);
    expect(valence('Sad and lonely')).toBeLessThan(-0.2);
    expect(valence('not happy')).toBeLessThan(0);
    expect(valence('Belgium')).toBe(0);
  });

  test('a Japanese run is parted into words of moods and what is between', () => {
    const { words, total, telling } = readMood('切ない恋の涙');
    expect(words[spokenMoods.indexOf('sad')]).toBe(2);
    expect(words[spokenMoods.indexOf('romantic')]).toBe(1);
    expect([total, telling]).toEqual([4, 3]);
  });

  test('confidence is the share of words that said anything', () => {
    const half = moodOf(readMood('Sad Belgium'), nothing, nothing, typical);
    expect(half.confidence).toBeCloseTo(0.5, 10);
    expect(moodOf(readMood('Belgium'), nothing, nothing, typical).confidence).toBe(0);
  });

  test('the title outweighs the description', () => {
    const description = readMood('Happy sunny smiling songs');
    expect(moodOf(readMood('Sad songs'), description, nothing, typical).mood).toBe('sad');
    expect(moodOf(readMood('Songs'), description, nothing, typical).mood).toBe('happy');
  });

  test('one word of a description decides nothing, markup and credits are not read', () => {
    const title = readMood('Mix');
    expect(moodOf(title, readMood('Songs you love'), nothing, typical).mood).toBe('neutral');
    const credits = readMood('<a href="x:love">New</a> songs. Cover: Lovers & Love');
    expect(moodOf(title, credits, nothing, typical).mood).toBe('neutral');
  });

  test('track titles count by their excess over what is usual', () => {
    const tracks = readMood('Love me tonight, another lover, my love, some more words of the road');
    const title = readMood('Mix');
    expect(moodOf(title, nothing, tracks, typical).mood).toBe('romantic');
    const usual = spokenMoods.map((mood) => (mood === 'romantic' ? 0.5 : 0));
    expect(moodOf(title, nothing, tracks, usual).mood).toBe('neutral');
  });
});
