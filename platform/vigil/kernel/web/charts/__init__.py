"""Charts as plain geometry; `charts.html` draws them as SVG in the page, without any script.

The sentence, the callout and the marks of a chart come from the same object, so that they can never
contradict each other.
"""
