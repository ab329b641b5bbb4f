/**
 * Letters that decompose into no letter of the Latin set. For Greek and Cyrillic the usual romanisations (ELOT 743, and
 * that of Bulgaria), in the spirit of the conversion table of the European Payments Council (EPC217-08).
 */
const SPELLED: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ı: 'i',
  ħ: 'h',
  ŋ: 'n',
  ŧ: 't',
  ĸ: 'k',
  ə: 'e',
  α: 'a',
  β: 'v',
  γ: 'g',
  δ: 'd',
  ε: 'e',
  ζ: 'z',
  η: 'i',
  θ: 'th',
  ι: 'i',
  κ: 'k',
  λ: 'l',
  μ: 'm',
  ν: 'n',
  ξ: 'x',
  ο: 'o',
  π: 'p',
  ρ: 'r',
  σ: 's',
  ς: 's',
  τ: 't',
  υ: 'y',
  φ: 'f',
  χ: 'ch',
  ψ: 'ps',
  ω: 'o',
  а: 'a',
  б: 'b',
  в: 'v',
  г: 'g',
  д: 'd',
  е: 'e',
  ж: 'zh',
  з: 'z',
  и: 'i',
  й: 'y',
  к: 'k',
  л: 'l',
  м: 'm',
  н: 'n',
  о: 'o',
  п: 'p',
  р: 'r',
  с: 's',
  т: 't',
  у: 'u',
  ф: 'f',
  х: 'h',
  ц: 'ts',
  ч: 'ch',
  ш: 'sh',
  щ: 'sht',
  ъ: 'a',
  ы: 'y',
  ь: 'y',
  э: 'e',
  ю: 'yu',
  я: 'ya',
  є: 'ye',
  і: 'i',
  ї: 'yi',
  ґ: 'g',
  ђ: 'dj',
  ј: 'j',
  љ: 'lj',
  њ: 'nj',
  ћ: 'c',
  џ: 'dz',
  ѓ: 'gj',
  ќ: 'kj',
  ѕ: 'dz',
  '&': '+',
  '@': '(at)',
  _: '-',
  '[': '(',
  ']': ')',
  '{': '(',
  '}': ')',
  '`': "'",
  '´': "'",
  '‘': "'",
  '’': "'",
  '“': "'",
  '”': "'",
  '„': "'",
  '"': "'",
  '–': '-',
  '—': '-',
  ';': ',',
  '!': '.',
  '\\': '/',
  '|': '/',
  '€': 'EUR',
};

const MARKS = /\p{M}/gu;
const ALLOWED = /^[A-Za-z0-9/\-?:().,'+ ]$/;
const CAPITAL = /^\p{Lu}$/u;

/**
 * A text in the characters that every bank of SEPA takes (EPC217-08: a-z A-Z 0-9 / - ? : ( ) . , ' + and space), at most
 * `maxCharacters`. Never fails: letters are romanised, marks dropped, whatever is left becomes a full stop. Neither the
 * first nor the last character is a slash, and no two slashes follow each other, which the same rules ask for. A text
 * of nothing becomes a full stop, since banks want a name.
 */
export function toLatin(text: string, maxCharacters: number): string {
  let spelled = '';
  for (const character of text.normalize('NFC')) {
    spelled += latinOf(character);
    // Whatever comes after is cut off anyway; a name of a megabyte costs nothing.
    if (spelled.length > 4 * maxCharacters) break;
  }
  const tidy = spelled
    .replace(/\s+/g, ' ')
    .replace(/\/{2,}/g, '/')
    .replace(/^[/ ]+/, '');
  const cut = tidy.slice(0, maxCharacters).replace(/[/ ]+$/, '');
  return cut === '' ? '.' : cut;
}

function latinOf(character: string): string {
  if (ALLOWED.test(character)) return character;
  if (/\s/.test(character)) return ' ';
  const own = spelledOf(character);
  if (own !== undefined) return own;
  const plain = Array.from(character.normalize('NFKD').replace(MARKS, '')).map((each) =>
    ALLOWED.test(each) ? each : (spelledOf(each) ?? '.'),
  );
  return plain.length === 0 ? '' : plain.join('');
}

function spelledOf(character: string): string | undefined {
  const lower = character.toLowerCase();
  const spelled = Object.hasOwn(SPELLED, lower) ? SPELLED[lower] : undefined;
  if (spelled === undefined || !CAPITAL.test(character)) return spelled;
  return spelled.charAt(0).toUpperCase() + spelled.slice(1);
}
