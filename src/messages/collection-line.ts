import type { CollectionHistory } from '../gate/collection-history.ts'
import type { CollectionChange } from '../gate/events.ts'
import { NOTICES, outageCode } from './codes.ts'
import { standOf } from './collection-words.ts'
import { counted, duration, percent, shortCount, shortened } from './format.ts'
import { nextStepFor, whatHappened } from './service-errors.ts'

const MAX_NAME_LENGTH = 60

/** What happened to a collection, for the log; `goesOn` says that the gate asks again. */
export function collectionMessages(
  changes: CollectionChange,
  collection: CollectionHistory,
  goesOn: string,
): readonly string[] {
  const name = `collection ${shortened(collection.name, MAX_NAME_LENGTH)}:`
  switch (changes.kind) {
    case 'outage-began':
      return [
        `${name} no usable answer: ${whatHappened(changes.error)} (${outageCode(changes.error)})`,
        `${goesOn}${nextStepFor(changes.error)}`,
      ]
    case 'outage-ended':
      return [`${name} the service answers again, after ${duration(changes.lastedMs)}`]
    case 'indexes':
      return [
        changes.pendingRows === undefined
          ? `${name} indexing, rows still to go not told`
          : `${name} indexing, ${shortCount(changes.pendingRows)} rows to go`,
      ]
    case 'indexes-ready':
      return [`${name} ${changes.indexes === 0 ? 'no index' : `${counted(changes.indexes, 'index', 'indexes')} ready`}`]
    case 'load':
      return [`${name} ${LOAD[changes.state]}${changes.percent === undefined ? '' : `, ${percent(changes.percent)}`}`]
    case 'refreshed':
      return [`${name} asked to load what was imported (refresh_load)`]
    case 'counted':
      return [`${name} holds ${counted(changes.rows, 'row')}`]
    case 'idle':
      return [`${name} nothing has moved for ${duration(changes.idleMs)} (${NOTICES.quiet})`]
  }
}

const LOAD = { 'not-loaded': 'not loaded', loading: 'loading', loaded: 'loaded' } as const

/** Where a collection stands, for the log. */
export function collectionStand(collection: CollectionHistory): string {
  const { name, outage } = collection
  const error = outage === undefined ? '' : `, no usable answer: ${whatHappened(outage.error)}`
  return `collection ${shortened(name, MAX_NAME_LENGTH)}: ${standOf(collection)}${error}`
}
