import { describe, expect, it } from '@jest/globals'
import { driftOfSource, type MilvusSource, VOCABULARIES } from './milvus-source.ts'
import { jobReplies } from './drift.ts'

const list = (lines: readonly string[], line: (word: string) => string) => lines.map(line).join('\n')

const jobStates = 'None Pending PreImporting Importing Failed Completed IndexBuilding Sorting Uncommitted Committing'
const seenStates = 'Pending Importing Uncommitted Committing Completed Failed None'
const jobFields =
  'jobId createTime collectionName completeTime state progress importedRows totalRows reason fileSize details'
const fileFields = 'fileName fileSize progress completeTime state importedRows totalRows reason'
const words = (text: string) => text.split(' ')

/** The facts of Milvus' source in its shape, in as few words as go. */
const source: MilvusSource = {
  constants: `const (
	ListAction = "list"
	CreateAction = "create"
	GetProgressAction = "get_progress" // the old name
	DescribeAction = "describe"
	CommitAction = "commit"
	AbortAction = \`abort\`
	DropAction = "drop"
)`,
  handler: `func (h *Handlers) RegisterRoutes(router gin.IRouter) {
	router.POST(CollectionCategory+DropAction, h.drop)
${list(words('List Create GetProgress Describe Commit Abort'), (name) => `	router.POST(ImportJobCategory+${name}Action, h.go)`)}
}

func (h *Handlers) listImportJob(c *gin.Context) error {
${list(words('jobId collectionName state progress reason'), (name) => `		jobDetail["${name}"] = value`)}
}

func (h *Handlers) getImportJobProcess(c *gin.Context) (any, error) {
${list(words(jobFields), (name) => `	returnData["${name}"] = value`)}
	for _, file := range files {
${list(words(fileFields), (name) => `		detail["${name}"] = value`)}
	}
}

func (h *Handlers) other() {
	returnData["other"] = 1
}`,
  jobStates: `enum Other {
  Word = 0;
}

enum ImportJobState {
${list(words(jobStates), (word) => `  ${word} = 0;`)}
}`,
  fileStates: `enum ImportTaskStateV2 {
${list(words('None Pending InProgress Failed Completed Retry'), (word) => `  ${word}  = 0;`)}
}`,
  projection: `func GetJobProgress(ctx context.Context) (int64, State) {
	switch job.GetState() {
	case pb.ImportJobState_Sorting:
${list(words(seenStates), (word) => `		return 1, pb.ImportJobState_${word}, rows`)}
	}
}`,
}

describe('the source of Milvus', () => {
  it('has not drifted where it says what the gate knows', () => {
    expect(driftOfSource(source)).toEqual([])
  })

  it.each<[string, keyof MilvusSource, string, string, string]>([
    ['a new state inside', 'jobStates', '  Sorting = 0;', '  Sorting = 0;\n  Tidying = 1;', 'job "Tidying" is new'],
    ['a state that is gone', 'jobStates', '  Sorting = 0;', '', 'inside of a job "Sorting" is gone'],
    ['a new state of a file', 'fileStates', 'Retry', 'Again', 'state of a file "Again" is new'],
    ['a new field', 'handler', 'returnData["state"]', 'returnData["phase"]', 'described job "phase" is new'],
    ['a field that is gone', 'handler', 'returnData["state"]', 'returnData["phase"]', 'described job "state" is gone'],
    ['a new field of a file', 'handler', 'detail["fileName"]', 'detail["path"]', 'field of a file "path" is new'],
    ['a new field of a list', 'handler', 'jobDetail["reason"]', 'jobDetail["why"]', 'listed job "why" is new'],
    ['a new route', 'constants', '"describe"', '"tell"', 'route of /v2/vectordb/jobs/import "tell" is new'],
    ['a route without a name', 'handler', 'AbortAction', 'DropAllAction', '"DropAllAction" is new'],
    ['a new state for clients', 'projection', 'State_Pending', 'State_Resting', 'gives it no meaning'],
    [
      'a function of another name',
      'handler',
      'getImportJobProcess',
      'describeJob',
      'Not one field of a file was found',
    ],
    ['an enum of another name', 'fileStates', 'TaskStateV2', 'TaskStateV3', 'Not one state of a file was found'],
  ])('has drifted by %s', (_, file, before, after, drift) => {
    expect(source[file]).toContain(before)
    const changed = { ...source, [file]: source[file].replace(before, after) }
    expect(driftOfSource(changed)).toContainEqual(expect.stringContaining(drift))
  })

  it('may have the states of an import that is off by default', () => {
    const more = source.jobStates.replace('  Sorting = 0;', '  Sorting = 0;\n  Resharding = 10;\n  Planning = 11;')
    expect(driftOfSource({ ...source, jobStates: more })).toEqual([])
  })
})

describe('what is known of the source', () => {
  const knownOf = (what: string) => VOCABULARIES.find((vocabulary) => vocabulary.what === what)?.known.toSorted()
  const replies = jobReplies({ dialect: 'milvus', version: '3.0' }).map(({ data }) => data)

  it.each<[string, readonly string[]]>([
    ['field of a described job', replies.flatMap((data) => Object.keys(data))],
    ['field of a file', replies.flatMap((data) => (data['details'] as object[]).flatMap((file) => Object.keys(file)))],
    ['state of a job that clients see', ['None', ...replies.map((data) => String(data['state']))]],
  ])('is what the embedded service says: %s', (what, said) => {
    expect(knownOf(what)).toEqual([...new Set(said)].toSorted())
  })
})
