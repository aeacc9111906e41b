/** OpenAI's own shape of an error, which most of them took over. */
export function openAiError(code: string, message: string, type = code): unknown {
  return { error: { message, type, param: null, code } }
}
