"""The bill: AWS's charges for real generations, counted on the local stack and priced by `operations.cost`.

`python -m bench.bill`. The measured code does not know it: a counter intercepts its AWS calls from outside.
"""
