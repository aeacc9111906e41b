/** Whether a text is Chinese rather than written in an alphabet: a third of its letters are Han. */
export function isHan(text: string): boolean {
  const start = text.slice(0, READ_CHARACTERS)
  const letters = start.match(/\p{L}/gu)?.length ?? 0
  const han = start.match(/\p{Script=Han}/gu)?.length ?? 0
  return han > 0 && han * 3 >= letters
}

const READ_CHARACTERS = 2_000

/** About how many tokens a text is: a Han character is one, four others are one. */
export function approximateTokens(text: string): number {
  const wide = text.match(/[\u2e80-\uffff]/g)?.length ?? 0
  return wide + Math.ceil((text.length - wide) / 4)
}
