import { createParser, type ParseError } from 'eventsource-parser';
import { AnswerBroken, type StreamPart } from './provider.js';

/** An event longer than this is held in memory no further. Answers come in small pieces; images may take megabytes. */
const MAX_EVENT_CHARACTERS = 8 * 1_024 * 1_024;

/**
 * The events of a server-sent stream, whatever the boundaries of its chunks: within a line, between CR and LF, within a
 * character. Bytes that are no UTF-8 and events without end are AnswerBroken. What follows the last blank line is not
 * an event yet and is dropped, as the standard has it.
 */
export async function* decodeEventStream(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<StreamPart, void, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const ready: StreamPart[] = [];
  const parser = createParser({
    maxBufferSize: MAX_EVENT_CHARACTERS,
    onEvent: ({ data }) => ready.push({ kind: 'data', data }),
    onComment: (text) => ready.push({ kind: 'comment', text }),
    onError: refuseEndless,
  });
  for await (const chunk of chunks) {
    // Line by line: what is whole before a fault is passed on, also when both came in one chunk.
    for (const line of linesOf(chunk)) {
      parser.feed(decode(decoder, line));
      yield* ready.splice(0);
    }
  }
}

const LINE_FEED = 0x0a;

/** The chunk cut after each line feed, a byte that is part of no other character in UTF-8. */
function* linesOf(chunk: Uint8Array): Generator<Uint8Array, void, void> {
  for (let start = 0; start < chunk.length; ) {
    const at = chunk.indexOf(LINE_FEED, start);
    const end = at === -1 ? chunk.length : at + 1;
    yield chunk.subarray(start, end);
    start = end;
  }
}

function decode(decoder: InstanceType<typeof TextDecoder>, chunk: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: true });
  } catch {
    throw new AnswerBroken('the stream is not UTF-8');
  }
}

/** Unknown fields are passed over, as the standard has it. */
function refuseEndless({ type }: ParseError): void {
  if (type === 'max-buffer-size-exceeded') throw new AnswerBroken('an event of the stream is too long');
}
