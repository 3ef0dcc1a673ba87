"""The bill: what AWS would charge for real generations, counted on the local stack and priced by `operations.cost`.

`python -m bench.bill`. What is measured does not know it: its AWS calls are led past a counter, from outside.
"""
