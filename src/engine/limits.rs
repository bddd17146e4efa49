//! Every bound of the engine, named with its unit and with the memory it implies.
