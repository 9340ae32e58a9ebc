import { BodyReader, FRAME_BYTES, JsonWriter, type JsonPiece } from '../../schemas/index.ts';
import { yuanText, type BodyForm, type Report } from './body.ts';
import { headOf, NAMES } from './v1-names.ts';

const ID_BYTES = 16;
const [BRACE, BRACE_END, BRACKET, BRACKET_END] = [0x7b, 0x7d, 0x5b, 0x5d] as const;

/** Unknown properties of these names, or below them, have their places within what is written already. */
const KNOWN = new Set([
  ...['coupon', 'order', 'coupon_info', 'page', 'page_title', 'sr_sdk_version', 'time'],
  ...['wx_user', 'chan', 'component'],
]);

/**
 * Writes the reports of v1's values straight from their bytes, several times as fast as by their schema: a frozen schema's
 * layout is written out here, field by field. Tests hold it to what `reportBody` makes of the event.
 * @returns a reader of framed values; undefined: it is read by its schema, which says what is odd about it
 */
export function bodyV1(form: BodyForm): (value: Buffer) => Report | undefined {
  const body = new BodyV1(form);
  return (value) => {
    try {
      return body.report(value);
    } catch {
      return undefined;
    }
  };
}

class BodyV1 {
  private readonly from = new BodyReader();
  private readonly to = new JsonWriter();
  private readonly form: BodyForm;
  private readonly head: JsonPiece;

  constructor(form: BodyForm) {
    this.form = form;
    this.head = headOf(form.key);
  }

  report(value: Buffer): Report | undefined {
    const { from, to } = this;
    from.start(value, FRAME_BYTES);
    to.start();
    const eventId = from.latin1(ID_BYTES);
    const { orderTime, payAmt } = this.order();
    this.coupons();
    this.text(NAMES.page);
    this.optionals(NAMES.title);
    const time = this.time(NAMES.time);
    const appId = this.user();
    const scene = this.channel();
    this.object(NAMES.component, NAMES.componentIds);
    const isPlain = this.envelope();
    from.end();
    const isSound =
      (scene | 0) === scene &&
      Number.isSafeInteger(orderTime) &&
      Number.isSafeInteger(payAmt) &&
      Number.isSafeInteger(time);
    const body = isSound && isPlain ? to.taken() : undefined;
    return body && { eventId, appId, time, orderTime, payAmt, body };
  }

  private order(): Pick<Report, 'orderTime' | 'payAmt'> {
    const { from, to, form } = this;
    to.piece(this.head);
    from.passText(to);
    const orderTime = this.time(NAMES.orderTime);
    to.piece(NAMES.statuses[from.index(NAMES.statuses.length)] ?? NAMES.end);
    this.text(NAMES.batch);
    to.piece(NAMES.amount);
    const payAmt = from.integer();
    to.ascii(form.amounts === 'text' ? `"${yuanText(payAmt)}"` : String(payAmt / 100));
    return { orderTime, payAmt };
  }

  private coupons(): void {
    this.to.piece(NAMES.coupons);
    this.items(() => {
      this.text(NAMES.coupon);
      this.to.piece(NAMES.end);
    });
  }

  private user(): string {
    const { from, to } = this;
    to.piece(NAMES.user);
    const appId = from.passRepeatedText(to);
    this.text(NAMES.openId);
    this.optionals(NAMES.ids);
    if (from.index(2) === 1) {
      to.piece(NAMES.tags);
      this.items(() => {
        to.piece(NAMES.comma);
        this.members(NAMES.tag);
      });
    }
    this.extra();
    return appId;
  }

  private channel(): number {
    const { from, to } = this;
    to.piece(NAMES.channel);
    const scene = from.integer();
    to.number(scene);
    this.optionals(NAMES.channelIds);
    this.object(NAMES.custom, NAMES.levels);
    this.extra();
    to.piece(NAMES.end);
    return scene;
  }

  /** @returns whether the unknown properties, if there are any, could be put behind the known ones */
  private envelope(): boolean {
    const { from, to } = this;
    const propsEnd = to.length;
    to.piece(NAMES.end);
    this.optionals(NAMES.envelope);
    to.piece(NAMES.end);
    const unknown = from.optionalText();
    if (unknown === null) return true;
    const members = membersText(JSON.parse(sound(unknown)));
    if (members !== undefined) to.insert(propsEnd, members);
    return members !== undefined;
  }

  private text(name: JsonPiece): void {
    this.to.piece(name);
    this.from.passText(this.to);
  }

  private time(name: JsonPiece): number {
    const { from, to } = this;
    const ms = from.integer();
    to.piece(name);
    const quote = this.form.times === 'text' ? '"' : '';
    to.ascii(quote);
    to.number(ms);
    to.ascii(quote);
    return ms;
  }

  private optionals(names: readonly JsonPiece[]): void {
    for (const name of names) if (this.from.index(2) === 1) this.text(name);
  }

  private object(name: JsonPiece, members: readonly JsonPiece[]): void {
    if (this.from.index(2) === 0) return;
    this.to.piece(name);
    this.members(members);
  }

  private members(names: readonly JsonPiece[]): void {
    const begin = this.to.length;
    this.optionals(names);
    this.to.enclose(begin, BRACE, BRACE_END);
  }

  private items(item: () => void): void {
    const begin = this.to.length;
    this.from.items(item);
    this.to.enclose(begin, BRACKET, BRACKET_END);
  }

  private extra(): void {
    const text = this.from.optionalText();
    if (text === null) return;
    this.to.piece(NAMES.extra);
    this.to.rawText(JSON.stringify(JSON.parse(sound(text))));
  }
}

/** Members that go behind the known ones, as JSON; undefined: some have their places elsewhere, or it is no object. */
function membersText(unknown: unknown): string | undefined {
  if (typeof unknown !== 'object' || unknown === null || Array.isArray(unknown)) return undefined;
  const names = Object.keys(unknown);
  if (names.length === 0 || names.some((name) => KNOWN.has(name))) return undefined;
  return `,${JSON.stringify(unknown).slice(1, -1)}`;
}

/** @throws if the text was no UTF-8 */
function sound(text: string): string {
  if (text.includes('\ufffd')) throw new RangeError('damaged text');
  return text;
}
