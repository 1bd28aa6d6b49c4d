"""Decides which page of a list to ask for next, so that a list that moves while it is read loses no row.

Pure: no HTTP, no CDK; the only I/O of these modules is the function `fetch` that they are given.

| the list has                                  | example             | read it with                           |
| --------------------------------------------- | ------------------- | -------------------------------------- |
| a filter and a sort by its cursor             | deals of v2         | `keyset`, shared out by `time_ranges`  |
| ... all of whose rows are due                 | organizations of v2 | the same, by creation                  |
| a filter by its cursor, a sort by creation    | contacts of v2      | the same, by creation                  |
| a sort by its cursor, no filter               | tasks of v2         | `newest_first`                         |
| sorts by its cursor and by creation, a wall   | contacts of v1      | `last_page_first`, then `newest_first` |
| ... and more rows than its wall               | contacts of v1      | `last_page_first.Reach`                |
| a filter by creation                          | deals of v1         | `time_windows`                         |
| a sort by a key that seldom changes           | pipelines of v2     | `page_numbers.single_pass`             |
| no order at all                               | users               | `page_numbers.sweep`                   |

Wall: the row, 10,000, behind which page numbers end. Sweep: reading all pages again until passes agree that nothing is
left. Keyset: asking for page 1 again and again, with a filter that begins at the last value read. Tie: rows with equal
sort keys.
"""

from __future__ import annotations
