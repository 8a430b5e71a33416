"""Does a published figure hold, and under what assumptions?"""
