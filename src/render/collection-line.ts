import type { CollectionHistory } from '../watch/collection-history.ts'
import type { CollectionNews } from '../watch/events.ts'
import { NOTICES, outageCode } from './codes.ts'
import { standOf } from './collection-words.ts'
import { counted, duration, percent, shortCount, shortened } from './format.ts'

const MAX_NAME_LENGTH = 60

/** What happened to a collection, for the log; `goesOn` says that the gate asks again. */
export function collectionMessages(
  news: CollectionNews,
  collection: CollectionHistory,
  goesOn: string,
): readonly string[] {
  const name = `collection ${shortened(collection.name, MAX_NAME_LENGTH)}:`
  switch (news.kind) {
    case 'outage-began':
      return [
        `${name} no usable answer: ${news.trouble.what} (${outageCode(news.trouble)})`,
        `${goesOn}${news.trouble.advice}`,
      ]
    case 'outage-ended':
      return [`${name} the service answers again, after ${duration(news.lastedMs)}`]
    case 'indexes':
      return [
        news.pendingRows === undefined
          ? `${name} indexing, rows still to go not told`
          : `${name} indexing, ${shortCount(news.pendingRows)} rows to go`,
      ]
    case 'indexes-ready':
      return [`${name} ${news.indexes === 0 ? 'no index' : `${counted(news.indexes, 'index', 'indexes')} ready`}`]
    case 'load':
      return [`${name} ${LOAD[news.state]}${news.percent === undefined ? '' : `, ${percent(news.percent)}`}`]
    case 'refreshed':
      return [`${name} asked to load what was imported (refresh_load)`]
    case 'counted':
      return [`${name} holds ${counted(news.rows, 'row')}`]
    case 'quiet':
      return [`${name} nothing has moved for ${duration(news.quietMs)} (${NOTICES.quiet})`]
  }
}

const LOAD = { 'not-loaded': 'not loaded', loading: 'loading', loaded: 'loaded' } as const

/** Where a collection stands, for the log. */
export function collectionStand(collection: CollectionHistory): string {
  const { name, outage } = collection
  const trouble = outage === undefined ? '' : `, no usable answer: ${outage.trouble.what}`
  return `collection ${shortened(name, MAX_NAME_LENGTH)}: ${standOf(collection)}${trouble}`
}
