/*
 * To be imported before all else. undici's index takes a poll Node's own `Headers`, if there are any, and Node loads a
 * second undici for that poll: 10 of 130 ms from start to end, for a `fetch` that nothing here uses.
 */
Reflect.deleteProperty(globalThis, 'Headers')
