// Jest transform for GitHub's language service: it imports JSON without saying so, which Node refuses and Jest deplores.
export default {
  process: (code) => ({ code: code.replaceAll(/^(import \w+ from "[^"]+\.json")/gm, "$1 with { type: 'json' }") }),
}
