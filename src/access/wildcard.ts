/**
 * Whether a sequence matches a pattern in which wildcards stand for any number of items, none included. Steps grow with the product
 * of the lengths at worst: a wildcard that took too little takes one item more, and those before it stay as they are, for giving
 * them more never helps.
 *
 * @param isWild whether that part of the pattern is a wildcard
 * @param fits whether one item matches one part that is none
 */
export function matchesSequence<Part, Item>(
  pattern: ArrayLike<Part>,
  items: ArrayLike<Item>,
  isWild: (part: Part) => boolean,
  fits: (part: Part, item: Item) => boolean,
): boolean {
  let partIndex = 0
  let itemIndex = 0
  let lastWild = -1
  let takenByWild = 0
  while (itemIndex < items.length) {
    const part = pattern[partIndex]
    const item = items[itemIndex]
    if (part !== undefined && isWild(part)) {
      lastWild = partIndex++
      takenByWild = itemIndex
    } else if (part !== undefined && item !== undefined && fits(part, item)) {
      partIndex++
      itemIndex++
    } else if (lastWild >= 0) {
      partIndex = lastWild + 1
      itemIndex = ++takenByWild
    } else return false
  }
  for (let part = pattern[partIndex]; part !== undefined; part = pattern[++partIndex]) {
    if (!isWild(part)) return false
  }
  return true
}

/** Whether a text matches a pattern in which `*` stands for any text, the empty one included. */
export function matchesText(pattern: string, text: string): boolean {
  return matchesSequence(pattern, text, isStar, isSame)
}

function isStar(character: string): boolean {
  return character === '*'
}

function isSame(one: string, other: string): boolean {
  return one === other
}
