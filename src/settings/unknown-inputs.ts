import type { Mistake } from '../gate/conclusion.ts'
import { inputDefaults } from './inputs.ts'
import type { Environment, InputName } from './inputs.ts'
import { nearestWord } from './values.ts'

const PREFIX = 'INPUT_'
const NAMES = Object.keys(inputDefaults) as readonly InputName[]

/** Names of inputs that the workflow gives and the action does not have, in lower case. */
function undeclared(env: Environment): readonly string[] {
  const given = Object.keys(env).filter((variable) => variable.startsWith(PREFIX))
  const names = given.map((variable) => variable.slice(PREFIX.length).toLowerCase())
  return names.filter((name) => name !== '' && !NAMES.includes(name as InputName))
}

/** The declared name that is meant: written with `_`, or with a typing error or two. */
function meant(name: string): InputName | undefined {
  const spelled = name.replaceAll('_', '-')
  const isLong = (word: InputName) => word.length >= 8
  return nearestWord(spelled, NAMES.filter(isLong), 2) ?? nearestWord(spelled, NAMES, 1)
}

/** A mistake for each misspelled input: its value would have no effect. */
export function misspelledInputs(env: Environment): readonly Mistake[] {
  return undeclared(env).flatMap((name) => {
    const word = meant(name)
    const got = 'a value, but there is no such input'
    return word === undefined ? [] : [{ input: name, got, takes: `\`${word}\` (did you mean that?)`, example: word }]
  })
}

/** Undeclared inputs that resemble none: they may come from around the step, so they only deserve a line of the log. */
export function unknownInputs(env: Environment): readonly string[] {
  return undeclared(env).filter((name) => meant(name) === undefined)
}
