import { type ChatMessage, textOfMessage } from '../openai/chat.js';

const MAX_ITEMS = 5;
const MAX_ITEM_CHARACTERS = 240;
/** Beyond this the rules read no further: they make an example, not an analysis. */
const MAX_READ_CHARACTERS = 50_000;

const WANTS_LIST = /\b(list|bullets?|steps|enumerate)\b/i;
const WANTS_SUMMARY = /\b(summari[sz]e|summary|tl;?dr|shorten|key points)\b/i;
const WANTS_DRAFT = /\b(write|draft|compose|create)\b.*\b(e-?mail|invitation|invite|message|post)\b/is;

const STOP_WORDS: ReadonlySet<string> = new Set(
  'about also been bullets could draft each email from have into list make message more most only other please post should some steps such summarise summarize summary than that their them then there these they this what when where which while will with would write your'.split(
    ' ',
  ),
);

export interface TemplateAnswer {
  readonly template: 'list' | 'summary' | 'draft' | 'reply';
  readonly keywords: readonly string[];
  readonly text: string;
}

/**
 * An answer made by fixed rules from the conversation alone: the same messages always get the same answer. The last
 * message of the user decides which template is filled; what it speaks about follows its first colon or line break, or
 * is the conversation before it, or the message itself.
 */
export function answerByTemplate(messages: readonly ChatMessage[]): TemplateAnswer {
  const texts = messages.map((message) => ({ role: message['role'], text: textOfMessage(message).trim() }));
  const at = texts.findLastIndex(({ role, text }) => role === 'user' && text !== '');
  const wish = (texts[at] ?? texts.at(-1))?.text.slice(0, MAX_READ_CHARACTERS) ?? '';
  const before = texts
    .slice(0, Math.max(at, 0))
    .filter(({ role }) => role === 'user' || role === 'assistant')
    .map(({ text }) => text)
    .join('\n');
  const subject = (subjectOf(wish) ?? (before === '' ? wish : before)).slice(0, MAX_READ_CHARACTERS);
  const keywords = keywordsOf(subject);
  const template = templateFor(wish);
  return { template, keywords, text: TEMPLATES[template]({ wish, subject, keywords }) };
}

interface Material {
  readonly wish: string;
  readonly subject: string;
  readonly keywords: readonly string[];
}

const TEMPLATES: Readonly<Record<TemplateAnswer['template'], (material: Material) => string>> = {
  list: ({ subject }) =>
    sentencesOf(subject)
      .slice(0, MAX_ITEMS)
      .map((item) => `- ${item}`)
      .join('\n'),
  summary: ({ subject, keywords }) => {
    const sentences = sentencesOf(subject);
    const chosen = weightiest(sentences, keywords).map((index) => sentences[index]);
    return `Summary: ${chosen.join(' ')}\nKeywords: ${keywords.join(', ') || 'none'}`;
  },
  draft: ({ subject, keywords }) =>
    [
      `Subject: ${capitalised(keywords.slice(0, 3).join(' ')) || 'A short note'}`,
      '',
      'Hello,',
      '',
      ...sentencesOf(subject).slice(0, 3),
      '',
      'Best regards',
    ].join('\n'),
  reply: ({ wish, keywords }) =>
    [
      `You wrote: ${sentencesOf(wish)[0] ?? '(nothing)'}`,
      `Keywords: ${keywords.join(', ') || 'none'}`,
      'This reply was made by fixed templates without a language model. Configure an upstream for real answers.',
    ].join('\n'),
};

function templateFor(wish: string): TemplateAnswer['template'] {
  if (WANTS_SUMMARY.test(wish)) return 'summary';
  if (WANTS_DRAFT.test(wish)) return 'draft';
  return WANTS_LIST.test(wish) ? 'list' : 'reply';
}

/** What follows the first colon or line break, if anything of length does. */
function subjectOf(wish: string): string | undefined {
  const rest = /[:\n]([^]*)/.exec(wish)?.[1]?.trim();
  return rest === undefined || rest.length < 3 ? undefined : rest;
}

function sentencesOf(text: string): string[] {
  return text
    .split(/(?<=[.!?…。])\s+|\n+/u)
    .map((sentence) => sentence.replace(/^[-*•\d.)\s]+(?=\p{L})/u, '').trim())
    .filter((sentence) => sentence !== '')
    .map((sentence) =>
      sentence.length <= MAX_ITEM_CHARACTERS ? sentence : `${sentence.slice(0, MAX_ITEM_CHARACTERS).toWellFormed()}…`,
    );
}

/** The most frequent words of four letters or more; of equal ones the first. */
function keywordsOf(text: string): string[] {
  const counts = new Map<string, number>();
  for (const [word] of text.toLowerCase().matchAll(/\p{L}{4,40}/gu)) {
    if (!STOP_WORDS.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, MAX_ITEMS)
    .map(([word]) => word);
}

/** The indexes of the two sentences that hold most keywords, in the order of the text. */
function weightiest(sentences: readonly string[], keywords: readonly string[]): number[] {
  const weights = sentences.map((sentence, index) => {
    const lower = sentence.toLowerCase();
    return { index, weight: keywords.filter((word) => lower.includes(word)).length };
  });
  return weights
    .toSorted((a, b) => b.weight - a.weight)
    .slice(0, 2)
    .map(({ index }) => index)
    .toSorted((a, b) => a - b);
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
