"""
What other systems say, turned into events.

Pure functions: no database, no clock, no Django. An adapter takes from a message only
identifiers, states, categories and instants that it names itself; texts, names and
addresses of people are not read. An event's identifier says all that the event says, so
the same message read twice, late or in another order gives the same log.
"""
