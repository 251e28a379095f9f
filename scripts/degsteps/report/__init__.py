"""The last stage: accounts that add up, one page, one spreadsheet, the methods in words."""
