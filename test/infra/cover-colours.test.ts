import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { contrast, hexOf, rgbOf, toOklch, toRgb } from '../../infra/covers/colours.ts';
import { paletteOf } from '../../infra/covers/palette.ts';
import { foremostHues, paletteOfPicture } from '../../infra/covers/picture-palette.ts';

const part = fc.integer({ min: 0, max: 255 });

test('a colour comes back from OKLCH as it was', () => {
  fc.assert(
    fc.property(fc.tuple(part, part, part), (rgb) => {
      expect(toRgb(toOklch(rgb))).toEqual(rgb);
      expect(rgbOf(hexOf(rgb))).toEqual(rgb);
    }),
  );
});

test('known colours are where they belong in OKLCH', () => {
  // From the table that Ottosson's article and CSS Color 4 agree on.
  const red = toOklch([255, 0, 0]);
  expect(red.l).toBeCloseTo(0.628, 3);
  expect(red.c).toBeCloseTo(0.2577, 3);
  expect(red.h).toBeCloseTo(29.23, 1);
  expect(toOklch([255, 255, 255]).l).toBeCloseTo(1, 4);
  expect(contrast([255, 255, 255], [0, 0, 0])).toBeCloseTo(21, 5);
});

/** Pixels of these colours, as many of each as is said. */
function pixelsOf(...colours: [colour: string, count: number][]): Uint8Array {
  return Uint8Array.from(
    colours.flatMap(([colour, count]) => Array.from({ length: count }, () => rgbOf(colour)).flat()),
  );
}

test('the hues of a picture are found, the foremost first, and greys have none', () => {
  const [blue, red] = [toOklch(rgbOf('#2a6f97')).h, toOklch(rgbOf('#c1121f')).h];
  const found = foremostHues(pixelsOf(['#2a6f97', 1500], ['#c1121f', 300], ['#888888', 500]));
  expect(found).toHaveLength(2);
  expect(Math.abs(found[0]! - blue)).toBeLessThanOrEqual(15);
  expect(Math.abs(found[1]! - red)).toBeLessThanOrEqual(15);
  expect(foremostHues(pixelsOf(['#888888', 500], ['#ffffff', 500]))).toEqual([]);
  expect(foremostHues(pixelsOf(['#888888', 990], ['#c1121f', 10]))).toEqual([]);
  expect(foremostHues(new Uint8Array())).toEqual([]);
});

test('the colours of a picture take turns from week to week; a grey one has those of the week', () => {
  const pixels = pixelsOf(['#2a6f97', 1500], ['#c1121f', 800]);
  const weeks = ['2014-W36', '2014-W37', '2014-W38'];
  const [first, second, third] = weeks.map((week) =>
    paletteOfPicture(pixels, week, paletteOf(week)),
  );
  expect(first!.mid).not.toBe(second!.mid);
  expect(first!.mid).toBe(third!.mid);
  const grey = pixelsOf(['#777777', 100]);
  expect(paletteOfPicture(grey, weeks[0]!, paletteOf(weeks[0]!))).toBe(paletteOf(weeks[0]!));
});
