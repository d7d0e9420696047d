/** The ledger's vectors in workerd: everybody must answer alike, or a ledger would be split by runtime. */
import { expect, test } from 'vitest'
import { answersTo, expectedAnswers } from '../qdag/answers.ts'
import vectors from '../qdag/vectors.json'

test('workerd answers the published vectors as every other runtime', async () => {
  expect(await answersTo(vectors)).toMatchObject(expectedAnswers(vectors))
})

test('without the signature rule it would not', async () => {
  const { withoutRule } = await answersTo(vectors)
  expect(withoutRule).not.toEqual(expectedAnswers(vectors).signatures)
})
