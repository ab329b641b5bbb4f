import { describe, expect, it } from '@jest/globals';
import { ShippedTemplates } from './template-files.adapter.js';

// WCAG 2.2, 1.4.3: 4.5 to 1 for text; 1.4.11: 3 to 1 for what shows where the keyboard is.
const TEXT = 4.5;
const SIGN = 3;
const PAIRS: readonly [string, string, number][] = [
  ['text', 'ground', TEXT],
  ['text', 'surface', TEXT],
  ['muted', 'ground', TEXT],
  ['muted', 'surface', TEXT],
  ['on-accent', 'accent', TEXT],
  ['on-banner', 'banner', TEXT],
  ['accent', 'ground', SIGN],
  ['accent', 'surface', SIGN],
  ['text', 'glow', TEXT],
  ['muted', 'glow', TEXT],
];

type Colours = ReadonlyMap<string, string>;

/** The colours that a sheet names, in the light and in the dark. */
function schemesOf(stylesheet: string): Record<'light' | 'dark', Colours> {
  const [light = '', dark = ''] = stylesheet.split('@media (prefers-color-scheme: dark)');
  const named = (css: string) =>
    new Map(
      [...css.matchAll(/--([a-z-]+):\s*(#[0-9a-f]{6})\b/g)].map(([, name, colour]) => [name ?? '', colour ?? '']),
    );
  return { light: named(light), dark: new Map([...named(light), ...named(dark)]) };
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

it('contrast is computed as WCAG says', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
  expect(contrast('#767676', '#ffffff')).toBeCloseTo(4.54, 2);
});

const templates = ShippedTemplates.load();

describe.each(templates.list().map(({ id }) => id))('The colours of %s', (id) => {
  const schemes = schemesOf(templates.partsOf(id).stylesheet);

  it.each(['light', 'dark'] as const)('can be read in the %s', (scheme) => {
    const colours = schemes[scheme];
    const weak = PAIRS.flatMap(([front, back, least]) => {
      const [one, other] = [colours.get(front), colours.get(back)];
      // Only one template has a glow.
      if (one === undefined || other === undefined) return back === 'glow' ? [] : [`${front} on ${back} is not named`];
      const ratio = contrast(one, other);
      return ratio < least ? [`${front} on ${back}: ${ratio.toFixed(2)}`] : [];
    });
    expect(weak).toEqual([]);
    expect(colours.get('ground')).not.toBe(scheme === 'dark' ? schemes.light.get('ground') : undefined);
  });
});
